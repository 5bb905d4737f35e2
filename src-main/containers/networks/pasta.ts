/** pasta(1): an ordinary user's network for one container, by translating between its tap device and sockets of ours. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { bindMount, unmountLazily } from '../../linux/classic-mount.ts';
import type { Publication } from './firewall.ts';

/** The same in every network namespace that pasta serves: each is alone with it. */
export const PASTA_NETWORK = {
  subnet: '10.0.2.0/24',
  address: '10.0.2.100',
  prefixLength: 24,
  gateway: '10.0.2.2',
  /** What is asked here is asked of the host's name server. */
  names: '10.0.2.3',
  mac: '02:42:0a:00:02:64',
} as const;

/** pasta's own address on the wire, where it cannot take that of an interface. */
const HOST_MAC = '52:55:0a:00:02:02';

export interface PastaRequest {
  /** The network namespace, where it is not in /proc: pasta gives up the right to look there before it opens it. */
  readonly namespace: string;
  /** Where pasta's own pid is kept. */
  readonly pidFile: string;
  readonly publications: readonly Publication[];
}

/** The same for the network namespace of a process, which lies beside the pid file for a moment. */
export async function startPastaFor(pid: number, request: Omit<PastaRequest, 'namespace'>): Promise<number> {
  const namespace = `${request.pidFile}.net`;
  writeFileSync(namespace, '', { mode: 0o600 });
  bindMount(`/proc/${pid}/ns/net`, namespace);
  try {
    return await startPasta({ ...request, namespace });
  } finally {
    unmountLazily(namespace);
    rmSync(namespace, { force: true });
  }
}

/** Starts pasta for a network namespace; settles once it serves, with its pid. It ends when it is told to. */
export async function startPasta(request: PastaRequest): Promise<number> {
  const refusal = await tryPasta(request, false);
  if (refusal === undefined) return pastaPid(request.pidFile) ?? 0;
  // Without a route to anywhere it must be told an interface, and cannot use IPv6.
  const second = NO_ROUTE.test(refusal) ? await tryPasta(request, true) : refusal;
  if (second === undefined) return pastaPid(request.pidFile) ?? 0;
  throw refused(second);
}

/** The pasta of a pid file, if it runs. */
export function pastaPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('pas') ? pid : undefined;
  } catch {
    return undefined;
  }
}

export function stopPasta(pidFile: string): void {
  const pid = pastaPid(pidFile);
  try {
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
  } catch {
    // ESRCH: it has ended.
  }
  rmSync(pidFile, { force: true });
}

const NO_ROUTE = /No external routable interface|External interface not usable/;

/** @returns why it does not run */
function tryPasta({ namespace, pidFile, publications }: PastaRequest, offline: boolean): Promise<string | undefined> {
  return run(pastaArguments(namespace, pidFile, publications, offline));
}

export function pastaArguments(
  namespace: string,
  pidFile: string,
  publications: readonly Publication[],
  offline: boolean,
): string[] {
  const { address, prefixLength, gateway, names, mac } = PASTA_NETWORK;
  const ports = (flag: string, protocol: 'tcp' | 'udp'): string[] => {
    const chosen = publications.filter((one) => one.protocol === protocol);
    if (chosen.length === 0) return [flag, 'none'];
    return chosen.flatMap(({ hostAddress, hostPort, port }) => [
      flag,
      `${hostAddress === '' ? '' : `${hostAddress}/`}${hostPort}:${port}`,
    ]);
  };
  return [
    ...['--config-net', '--quiet', '--pid', pidFile, '--netns', namespace, '--no-netns-quit'],
    ...['--ns-ifname', 'eth0', '--ns-mac-addr', mac],
    ...['--address', address, '--netmask', `${prefixLength}`, '--gateway', gateway],
    // This computer's own loopback is not the container's to reach.
    ...['--no-map-gw', '--tcp-ns', 'none', '--udp-ns', 'none', '--dns-forward', names],
    ...(offline ? ['--interface', 'lo', '--ipv4-only', '--mac-addr', HOST_MAC] : []),
    ...ports('--tcp-ports', 'tcp'),
    ...ports('--udp-ports', 'udp'),
  ];
}

function run(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('pasta', args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-4000);
    });
    child.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missing() : error));
    // Serving, it goes into the background.
    child.once('exit', (code) => {
      child.stderr.destroy();
      resolve(code === 0 ? undefined : words);
    });
  });
}

function refused(words: string): Failure {
  const lines = words.split('\n').filter((line) => line !== '' && !/syslog/.test(line));
  const taken = /Failed to bind any port for '-[tu] ([^']*)'/.exec(words)?.[1];
  const hint = /tun/.test(words)
    ? 'an ordinary user needs /dev/net/tun: sudo modprobe tun; it is everybody’s on most systems (mode 0666)'
    : undefined;
  const why = taken === undefined ? (lines.at(-1) ?? 'it ended without a word') : `port ${taken} cannot be had`;
  return new Failure('host', 'pasta-failed', `network: pasta: ${why}`, hint === undefined ? {} : { hint });
}

function missing(): Failure {
  return new Failure(
    'host',
    'pasta-missing',
    'network: an ordinary user’s containers need pasta, which is not installed',
    {
      hint: 'sudo apt install passt, or use --network host or none',
    },
  );
}
