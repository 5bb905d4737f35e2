import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { builtProgram } from '../../base/built-program.ts';
import { Failure, type FailureRecord, reviveFailure } from '../../base/failure.ts';
import type { EnginePaths } from '../../inventory/paths.ts';
import { keepDescriptorsFromChildren } from '../../linux/close-on-exec.ts';
import { mapIds, type Starter, userNamespaceStarter } from './user-namespace.ts';

/** A cold start on a busy computer; the engine says earlier when it fails. */
const READY_MS = 60_000;
const LOG_MAX = 4 << 20;

const verdict = z.union([
  z.object({ ready: z.object({ pid: z.number() }) }),
  z.object({ failure: z.looseObject({ failureClass: z.string(), code: z.string(), message: z.string() }) }),
]);

/** Whether an engine answers on this socket. */
export function engineAnswers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/** Starts the user's engine, unless it runs; it outlives whoever starts it. */
export async function ensureEngine(paths: EnginePaths, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (await engineAnswers(paths.socket)) return;
  try {
    await launchEngine(paths, env);
  } catch (error) {
    // Another visitor may have started it in the same moment.
    if (await engineAnswers(paths.socket)) return;
    throw error;
  }
}

async function launchEngine(paths: EnginePaths, env: NodeJS.ProcessEnv): Promise<void> {
  const starter = process.getuid?.() === 0 ? undefined : userNamespaceStarter(paths);
  const child = spawnEngine(paths, env, starter);
  try {
    if (starter?.mapping) await mapIds(child);
    const said = await firstWord(child);
    if ('ready' in said) child.unref();
    else throw reviveFailure(said.failure as unknown as FailureRecord);
  } finally {
    child.stdio[3]?.destroy();
  }
}

/** In a user namespace it is user 0, who would look for its folders elsewhere: they are said. */
function spawnEngine(paths: EnginePaths, env: NodeJS.ProcessEnv, starter: Starter | undefined): ChildProcess {
  mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  const size = statSync(paths.log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_MAX) renameSync(paths.log, `${paths.log}.1`);
  const log = openSync(paths.log, 'a', 0o600);
  const inElectron = process.versions.electron !== undefined;
  try {
    if (inElectron) keepDescriptorsFromChildren();
    const argv = [process.execPath, builtProgram('engine.js'), paths.socket];
    const [program = '', ...args] =
      starter === undefined ? argv : [...starter.argv, ...argv, paths.data, paths.runtime];
    return spawn(program, args, {
      cwd: '/',
      detached: true,
      env: { ...env, ...(inElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {}) },
      stdio: ['ignore', log, log, 'pipe', ...(starter?.mapping ? (['pipe'] as const) : [])],
    });
  } finally {
    closeSync(log);
  }
}

/** What the engine writes on its fd 3: that it serves, or why not. */
function firstWord(child: ChildProcess): Promise<z.infer<typeof verdict>> {
  return new Promise((resolve, reject) => {
    const pipe = child.stdio[3] as Readable;
    const late = new Failure('failed', 'engine-timeout', `engine: it did not start within ${READY_MS / 1000} s`);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(late);
    }, READY_MS);
    let text = '';
    pipe.setEncoding('utf8');
    pipe.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      const said = verdict.safeParse(JSON.parse(text.slice(0, text.indexOf('\n'))));
      if (said.success) resolve(said.data);
      else reject(new Failure('failed', 'engine-strange', 'engine: it said something else than how it went'));
    });
    const ended = (how: string): void => {
      clearTimeout(timer);
      reject(
        new Failure('failed', 'engine-ended', `engine: it ended before it served (${how})`, {
          hint: 'its log is engine.log in the data folder',
        }),
      );
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (status, signal) => ended(signal ?? `exit status ${status}`));
  });
}

/** The process that holds the engine's lock; undefined when there is none. */
export function enginePid(paths: EnginePaths): number | undefined {
  try {
    const pid = Number(readFileSync(join(paths.runtime, 'engine.pid'), 'utf8'));
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
