import type { Socket } from 'node:net';

/** Calls `listener` with every whole line that comes. */
export function eachLine(socket: Socket, listener: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop()!;
    for (const line of lines) listener(line);
  });
}
