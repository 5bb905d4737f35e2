// node qmp.mjs SOCKET COMMAND [JSON]   executes one QMP command and prints its answer as JSON
// node qmp.mjs SOCKET --until EVENT    prints each event's JSON on a line, until that one came; exit status 1 otherwise
import { createConnection } from 'node:net';

const [path, command, argument] = process.argv.slice(2);
const socket = createConnection(path);
const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
let text = '';
socket.setEncoding('utf8');
socket.on('close', () => process.exit(1));
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
socket.on('data', (chunk) => {
  const lines = (text + chunk).split('\n');
  text = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    if (message.QMP) send({ execute: 'qmp_capabilities', id: 'greeting' });
    else if (message.id === 'greeting') {
      if (command === '--until') process.stderr.write('listening\n');
      else send({ execute: command, id: 'order', ...(argument && { arguments: JSON.parse(argument) }) });
    } else if (message.id === 'order') {
      print(message.return ?? message.error);
      process.exit(message.error ? 1 : 0);
    } else if (message.event && command === '--until') {
      print(message);
      if (message.event === argument) process.exit(0);
    }
  }
});
