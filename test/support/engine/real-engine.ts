import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KEEPER_SOCKET } from '../../../src-main/containers/runtime/keeper/protocol.ts';
import { bulkheadPaths, type EnginePaths } from '../../../src-main/inventory/paths.ts';
import { repositoryRoot } from '../repository.ts';
import { SLOWNESS } from '../slowness.ts';
import { importBusybox } from './busybox-image.ts';
import { docker } from './docker-client.ts';

const REPORT_FD = 3;
/** A keeper ends by itself some seconds after its last container. */
const KEEPER_MS = 30_000 * SLOWNESS;

/** The engine as users have it: the built program in a process of its own, which can be killed and started again. */
export class RealEngine {
  readonly paths: EnginePaths;
  readonly client: ReturnType<typeof docker>;
  private child: ChildProcess | undefined;

  constructor(
    home: string,
    readonly env: NodeJS.ProcessEnv,
  ) {
    this.paths = bulkheadPaths(env).engine;
    this.client = docker(this.paths.socket, home);
  }

  /** @param hidden a folder of programs that this computer does not have, for the engine and its children */
  async start({ hidden }: { hidden?: string } = {}): Promise<void> {
    if (hidden !== undefined) await this.keeperGone();
    const own = [process.execPath, join(repositoryRoot, 'out/main/engine.js')];
    const hide = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${hidden} && exec "$@"`, 'sh'];
    const [program = '', ...args] = hidden === undefined ? own : [...hide, ...own];
    const child = spawn(program, args, {
      env: { ...this.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
    });
    const report = child.stdio[REPORT_FD] as NodeJS.ReadableStream;
    const [line] = (await once(report, 'data')) as [Buffer];
    if (!('ready' in JSON.parse(`${line}`))) throw new Error(`engine: ${line}${text}`);
    this.child = child;
    child.once('exit', (code, signal) => {
      if (this.child === child) process.stderr.write(`the engine ended by itself: ${signal ?? code}\n${text}\n`);
    });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.child = undefined;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Waits for the end of an earlier engine's keeper, which would look for what this one mounts in another namespace. */
  private async keeperGone(): Promise<void> {
    const socket = join(this.paths.runtimeState, KEEPER_SOCKET);
    const giveUpAt = performance.now() + KEEPER_MS;
    while (existsSync(socket)) {
      if (performance.now() > giveUpAt) throw new Error(`the keeper at ${socket} does not end`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Removes all containers and networks, and ends. */
  async dispose(): Promise<void> {
    if (this.child === undefined) return;
    const all = (await this.client.say('ps', '-aq')).split('\n').filter(Boolean);
    if (all.length > 0) await this.client.say('rm', '-f', '-v', ...all);
    await this.client.say('network', 'prune', '-f');
    await this.end('SIGTERM');
  }

  importBusybox(): Promise<void> {
    return importBusybox(this.client);
  }
}
