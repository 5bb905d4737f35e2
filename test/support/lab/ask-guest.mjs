// node ask-guest.mjs SOCKET ORDER   has the guest of load-guest.ts, whose serial port SOCKET is, execute a line of shell,
//                                   and prints what that printed
import { createConnection } from 'node:net';

const [path, order] = process.argv.slice(2);
const mark = `${process.pid}-${Date.now()}`;
const socket = createConnection(path);
let text = '';
socket.setEncoding('latin1');
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
socket.on('close', () => process.exit(1));
socket.on('data', (chunk) => {
  text = (text + chunk).replaceAll('\r', '');
  const [, answer] = text.match(new RegExp(`<${mark}\n([^]*)${mark}>\n`)) ?? [];
  if (answer === undefined) return;
  process.stdout.write(answer);
  process.exit(0);
});
socket.write(`echo "<${mark}"; ${order}; echo "${mark}>"\n`);
