import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import { Failure } from '../../../base/failure.ts';
import { framed, LENGTH_BYTES } from './dns-message.ts';

const PORT = 53;
/** resolv.conf(5): a server is given five seconds, and a container's own patience is no longer. */
const TRY_MS = 2_000;

/** The servers of this computer, resolv.conf(5); those on its loopback too, since it is from here that they are asked. */
export function hostNameServers(): string[] {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8')
      .split('\n')
      .flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
      .filter((address) => isIP(address) !== 0);
  } catch {
    return [];
  }
}

/** The first answer to a query, asking one server after the other. */
export async function askUpstream(servers: readonly string[], query: Buffer, by: 'udp' | 'tcp'): Promise<Buffer> {
  let refusal: unknown = new Failure('host', 'no-name-server', 'names: this computer knows no name server');
  for (const server of servers) {
    try {
      return await (by === 'udp' ? byDatagram : byStream)(server, query);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

/** On a socket of its own, whose port the kernel chooses: an answer nobody asked for does not find it. */
function byDatagram(server: string, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(server) === 6 ? 'udp6' : 'udp4');
    let isOver = false;
    const over = (error?: Error, answer?: Buffer): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.close();
      if (answer === undefined) reject(error);
      else resolve(answer);
    };
    const timer = setTimeout(() => over(silent(server)), TRY_MS);
    socket.on('error', over);
    socket.on('message', (answer) => {
      if (isAnswerTo(query, answer)) over(undefined, answer);
    });
    // Told of an error too, as of a computer without a network, which its types keep back.
    const connected = (error?: Error): void => (error ? over(error) : socket.send(query));
    socket.connect(PORT, server, connected);
  });
}

function byStream(server: string, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: PORT });
    let held = Buffer.alloc(0);
    socket.setTimeout(TRY_MS, () => socket.destroy(silent(server)));
    socket.on('error', reject);
    socket.on('close', () => reject(silent(server)));
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      if (held.length < LENGTH_BYTES || held.length < LENGTH_BYTES + held.readUInt16BE(0)) return;
      const answer = held.subarray(LENGTH_BYTES, LENGTH_BYTES + held.readUInt16BE(0));
      if (isAnswerTo(query, answer)) resolve(answer);
      socket.destroy();
    });
    socket.write(framed(query));
  });
}

function isAnswerTo(query: Buffer, answer: Buffer): boolean {
  return answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0) && (answer[2]! & 0x80) !== 0;
}

function silent(server: string): Failure {
  return new Failure('failed', 'name-server-silent', `name server ${server}: no answer`);
}
