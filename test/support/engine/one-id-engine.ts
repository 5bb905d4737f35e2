import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import { docker, type Ran, ran } from './docker-client.ts';

/** Of every Debian: an account nobody uses, which no subuid(5) line names. */
const USER = 'games';
const NEEDED_MODULES = ['koffi', '@koromix'];
/** As on most computers, whatever it is on this one: /dev/net/tun is everybody's (10:200 by devices.txt of the kernel). */
const WITH_TUN = [
  ...['unshare', '--mount', '--', 'sh', '-c'],
  'mount -t tmpfs -o mode=755 dev /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec setpriv "$@"',
  'setpriv',
];

/** The engine of an ordinary user who has one id and no subordinate ones, with a copy of the program that user may read. */
export class OneIdEngine {
  readonly home = mkdtempSync(join(tmpdir(), 'bh-one-id-'));
  readonly client: ReturnType<typeof docker>;
  private readonly run = join(this.home, 'run');

  constructor() {
    this.client = docker(join(this.run, 'bulkhead/docker.sock'), this.home);
  }

  async start(): Promise<void> {
    const program = join(this.home, 'program');
    mkdirSync(this.run, { mode: 0o700 });
    for (const part of ['out', 'bulkhead', 'package.json', 'resources']) {
      cpSync(join(repositoryRoot, part), join(program, part), { recursive: true });
    }
    for (const name of NEEDED_MODULES) {
      cpSync(join(repositoryRoot, 'node_modules', name), join(program, 'node_modules', name), { recursive: true });
    }
    await ran('chown', ['-R', `${USER}:`, this.home], { cwd: '/' });
    await ran('chmod', ['-R', 'u=rwX,go=rX', program], { cwd: '/' });
    await this.bulkhead('engine', 'serve');
  }

  /** The command line, as that user. */
  async bulkhead(...args: string[]): Promise<string> {
    const end = await this.tryBulkhead(...args);
    if (end.status !== 0) throw new Error(`bulkhead ${args.join(' ')}: ${end.status}: ${end.stdout}${end.stderr}`);
    return end.stdout;
  }

  tryBulkhead(...args: string[]): Promise<Ran> {
    const become = ['--reuid', USER, '--regid', USER, '--clear-groups', '--inh-caps=-all', '--'];
    const env = { HOME: this.home, XDG_RUNTIME_DIR: this.run, PATH: process.env.PATH };
    const [first = '', ...rest] = [...WITH_TUN, ...become, 'node', join(this.home, 'program/bulkhead'), ...args];
    return ran(first, rest, { env, cwd: '/' });
  }

  /** Kills it, and starts it again beside the containers that run on. */
  async restart(): Promise<void> {
    process.kill(Number(readFileSync(join(this.run, 'bulkhead/engine.pid'), 'utf8')), 'SIGKILL');
    await this.bulkhead('engine', 'serve');
  }

  /** Whether its user runs a program whose name begins so; one that has ended and waits for init does not count. */
  runs(name: string): boolean {
    const { stdout } = spawnSync('ps', ['-u', USER, '-o', 'stat=,comm='], { encoding: 'utf8' });
    return stdout.split('\n').some((line) => new RegExp(`^[^Z]\\S* +${name}`).test(line));
  }

  /** Ends it with all its containers; settles once the keeper of those has ended too. */
  async dispose(): Promise<void> {
    const all = (await this.client.say('ps', '-aq')).split('\n').filter(Boolean);
    if (all.length > 0) await this.client.say('rm', '-f', '-v', ...all);
    await this.bulkhead('engine', 'stop');
    const left = ['sh', '-c', `while pgrep -u ${USER} -f ${this.run} >/dev/null; do sleep 0.2; done`] as const;
    await ran(left[0], left.slice(1), { cwd: '/' });
    rmSync(this.home, { recursive: true, force: true });
  }
}
