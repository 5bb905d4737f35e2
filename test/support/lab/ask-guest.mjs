// node ask-guest.mjs ORDER TURNS SOCKET...   has guests of load-guest.ts, whose serial ports the sockets are, execute a
//                                            line of shell, one after the other, so many times, and prints what each says
import { spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';

const [order, turns, ...paths] = process.argv.slice(2);
const guests = paths.map((path) => {
  const socket = createConnection(path).setEncoding('latin1');
  socket.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  socket.on('close', () => process.exit(1));
  return socket;
});

/** What the guest prints between two marks that nobody has used before. */
function ask(socket, mark) {
  return new Promise((resolve) => {
    let text = '';
    const answer = new RegExp(`<${mark}\n([^]*)${mark}>\n`);
    const take = (chunk) => {
      text = (text + chunk).replaceAll('\r', '');
      const found = answer.exec(text);
      if (found === null) return;
      socket.off('data', take);
      resolve(found[1]);
    };
    socket.on('data', take);
    socket.write(`echo "<${mark}"; ${order}; echo "${mark}>"\n`);
  });
}

for (let turn = 0; turn < Number(turns); turn++) {
  for (const [index, socket] of guests.entries()) {
    // Nothing of the turn before is still to be written.
    spawnSync('sync');
    process.stdout.write(await ask(socket, `${process.pid}-${Date.now()}-${turn}-${index}`));
  }
}
process.exit(0);
