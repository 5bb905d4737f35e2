import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Disposable } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import { SocketPair, send } from '../../linux/socket.ts';
import { askForGateway, gatewayAnswered } from './arp-probe.ts';
import { describeForward, type Forward, passtArguments } from './passt-arguments.ts';
import { NEXT_SOCKET, type PasstLinkSeed } from './passt-link.ts';

/** What each direction of the socket may hold: a few of the largest frames. */
const SOCKET_BYTES = 1 << 20;
const PROBE_EVERY_MS = 2;
/** passt serves within milliseconds; one that has not answered by then on a busy host is taken as serving all the same. */
const PROBE_FOR_MS = 5000;
/** passt died by itself: how long until it is started again. */
const RESTART_MS = 1000;
/** In the child, behind its standard descriptors. */
const CHILD_FD = 3;

export interface UserNetworkOptions {
  /** For messages: `machine "web"`. */
  readonly machine: string;
  readonly mac: string;
  readonly forwards: readonly Forward[];
  readonly env: NodeJS.ProcessEnv;
}

/** A running passt and our end of its socket. */
interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

/**
 * The main thread's half of a user-mode network: keeps one passt process for one guest. passt ends when its socket
 * does, so nothing of it outlives this process, however that ends.
 */
export class UserNetwork implements Disposable {
  readonly seed: PasstLinkSeed;
  private current: readonly Forward[];
  private running: Running;
  /** The socket in the mailbox, until the link takes it. */
  private unclaimed: SocketPair | undefined;
  private ended = false;
  private restart: NodeJS.Timeout | undefined;

  /** Starts passt; settles once it serves. Throws `host` failures: no passt, a port that is taken. */
  static async start(options: UserNetworkOptions): Promise<UserNetwork> {
    const binary = findPasst(options);
    const wake = SocketPair.open('passt wake', SOCKET_BYTES);
    try {
      const { pair, running } = await startPasst(binary, options, options.forwards);
      return new UserNetwork(binary, options, wake, pair, running);
    } catch (error) {
      wake.dispose();
      throw error;
    }
  }

  private constructor(
    private readonly binary: string,
    private readonly options: UserNetworkOptions,
    private readonly wake: SocketPair,
    first: SocketPair,
    running: Running,
  ) {
    const mailbox = new Int32Array(new SharedArrayBuffer(4));
    mailbox[NEXT_SOCKET] = -1;
    this.seed = { kind: 'passt', wakeFd: wake.theirs.number, mailbox };
    this.offer(first);
    this.current = options.forwards;
    this.running = running;
    this.watch(running);
  }

  get forwards(): readonly Forward[] {
    return this.current;
  }

  get pid(): number | undefined {
    return this.running.child.pid;
  }

  /**
   * Forwards these ports instead. passt of this age takes them at its start only: it starts anew, and connections
   * through it break. When a port cannot be had, the old ones are forwarded again and the failure is thrown.
   */
  async setForwards(forwards: readonly Forward[]): Promise<void> {
    const before = this.current;
    await this.stopRunning();
    try {
      await this.startAgain(forwards);
      this.current = forwards;
    } catch (error) {
      await this.startAgain(before);
      throw error;
    }
  }

  dispose(): void {
    this.ended = true;
    clearTimeout(this.restart);
    this.running.child.kill('SIGKILL');
    const unused = Atomics.exchange(this.seed.mailbox, NEXT_SOCKET, -1);
    if (unused >= 0) this.unclaimed?.dispose();
    this.wake.dispose();
  }

  private async startAgain(forwards: readonly Forward[]): Promise<void> {
    const { pair, running } = await startPasst(this.binary, this.options, forwards);
    this.running = running;
    this.watch(running);
    this.offer(pair);
  }

  /** Leaves a socket to the link, in the place of one it has not taken yet. */
  private offer(pair: SocketPair): void {
    if (Atomics.exchange(this.seed.mailbox, NEXT_SOCKET, pair.ours.number) >= 0) this.unclaimed?.dispose();
    this.unclaimed = pair;
    send(this.wake.ours.number, Uint8Array.of(1), 1);
  }

  private async stopRunning(): Promise<void> {
    clearTimeout(this.restart);
    const { child, exited } = this.running;
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
    await exited;
  }

  private watch({ child }: Running): void {
    child.once('exit', (code, signal) => {
      if (this.ended) return;
      log('warn', 'passt-ended', { code: code ?? undefined, signal: signal ?? undefined });
      this.restart = setTimeout(() => {
        this.startAgain(this.current).catch((error: Error) =>
          log('error', 'passt-not-restarted', { why: error.message }),
        );
      }, RESTART_MS);
      this.restart.unref();
    });
  }
}

function findPasst({ env, machine }: UserNetworkOptions): string {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, 'passt')).find(isExecutable);
  if (found !== undefined) return found;
  throw new Failure('host', 'passt-missing', `${machine}: its network needs passt, which is not installed`, {
    hint: 'sudo apt install passt, or take the network away: bulkhead vm set NAME net=none',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function startPasst(
  binary: string,
  options: UserNetworkOptions,
  forwards: readonly Forward[],
): Promise<{ pair: SocketPair; running: Running }> {
  try {
    return await tryPasst(binary, options, forwards, false);
  } catch (error) {
    if (!(error instanceof PasstRefusal && error.offline)) throw error;
    return await tryPasst(binary, options, forwards, true);
  }
}

async function tryPasst(
  binary: string,
  { machine, mac }: UserNetworkOptions,
  forwards: readonly Forward[],
  offline: boolean,
): Promise<{ pair: SocketPair; running: Running }> {
  const pair = SocketPair.open('passt', SOCKET_BYTES);
  const child = spawn(binary, passtArguments(CHILD_FD, forwards, offline), {
    stdio: ['ignore', 'ignore', 'pipe', pair.theirs.number],
  });
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4000);
  });
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      gone = true;
      resolve();
    };
    child.once('close', end).once('error', (error) => {
      words += error.message;
      end();
    });
  });
  pair.theirs.dispose();
  askForGateway(pair.ours.number, mac);
  for (let waited = 0; waited < PROBE_FOR_MS && !gone && !gatewayAnswered(pair.ours.number); waited += PROBE_EVERY_MS) {
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS))]);
  }
  if (!gone) {
    child.unref();
    (child.stderr as unknown as { unref(): void }).unref();
    return { pair, running: { child, exited } };
  }
  pair.dispose();
  throw new PasstRefusal(machine, forwards, words);
}

/** passt did not start; its own words say why. */
class PasstRefusal extends Failure {
  readonly offline: boolean;

  constructor(machine: string, forwards: readonly Forward[], words: string) {
    const lines = words.split('\n').filter((line) => line !== '' && !/syslog|^Don't run as root/.test(line));
    const port = /Failed to bind any port for '-[tu] ([^']*)'/.exec(words)?.[1];
    const forward = forwards.find(({ hostPort }) => port?.includes(`/${hostPort}:`));
    const low = forward !== undefined && forward.hostPort < 1024;
    const what = forward === undefined ? 'passt' : `forward ${describeForward(forward)}`;
    const why = forward === undefined ? (lines.at(-1) ?? 'it ended without a word') : 'the port cannot be had';
    super('host', forward === undefined ? 'passt-failed' : 'port-taken', `${machine}: ${what}: ${why}`, {
      ...(forward === undefined
        ? {}
        : {
            hint: low
              ? 'ports below 1024 are for root: choose another'
              : 'another program listens there: choose another',
          }),
    });
    this.offline = /No external routable interface|External interface not usable/.test(words);
  }
}
