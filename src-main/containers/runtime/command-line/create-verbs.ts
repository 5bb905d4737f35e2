import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from '../../../base/failure.ts';
import { createContainer, pidNamespaceOf, timeNamespaceOf } from '../launch/create-container.ts';
import { execProcess } from '../launch/exec-process.ts';
import { type SpawnedInit, spawnInit } from '../launch/spawn-init.ts';
import { ContainerOperations } from '../operations.ts';
import { type ProcessSpec, parseProcess, parseSpec, type Spec } from '../spec/config.ts';
import { type Arguments, parseWhole, usage } from './arguments.ts';
import { forwardSignals } from './foreground.ts';
import { callersOpenFiles, ownTerminalSize, terminalTaker } from './streams.ts';

export const CREATE_FLAGS = {
  bundle: 'one',
  'console-socket': 'one',
  'pid-file': 'one',
  'preserve-fds': 'one',
  'no-pivot': true,
  'no-new-keyring': true,
  detach: true,
  keep: true,
} as const;

export const EXEC_FLAGS = {
  'console-socket': 'one',
  'pid-file': 'one',
  'preserve-fds': 'one',
  cwd: 'one',
  env: 'many',
  tty: true,
  user: 'one',
  'additional-gids': 'many',
  process: 'one',
  detach: true,
  cap: 'many',
  'no-new-privs': true,
  'ignore-paused': true,
} as const;

/** `create ID`: makes the container and leaves it waiting, our child no more. */
export async function createVerb(root: string, args: Arguments): Promise<number> {
  const { terminal } = await make(root, args, true);
  await terminal.done();
  return 0;
}

/** `run ID`: create, start, and, unless detached, wait and delete. */
export async function runVerb(root: string, args: Arguments): Promise<number> {
  const detached = args.has('detach');
  const { init, terminal } = await make(root, args, detached);
  const container = new ContainerOperations(root, args.positional[0]!);
  const signals = detached ? undefined : forwardSignals(init.pid);
  try {
    await container.start();
    if (detached) return 0;
    const { code } = await init.ended;
    await terminal.done();
    return code;
  } finally {
    signals?.dispose();
    if (!detached && !args.has('keep')) await container.delete({ force: true });
  }
}

async function make(root: string, args: Arguments, detached: boolean) {
  const [id, ...more] = args.positional;
  if (id === undefined || more.length > 0) throw usage('exactly one container id is expected');
  const bundle = resolve(args.value('bundle') ?? '.');
  const spec = readSpec(join(bundle, 'config.json'));
  const wanted = spec.process;
  const terminal = terminalTaker(wanted?.terminal ?? false, args.value('console-socket'), detached);
  const extra = preservedFds(args);
  const { init, record } = await createContainer({
    root,
    id,
    bundle,
    spec,
    nullIo: false,
    belated: null,
    size: sizeOf(wanted),
    extraFds: extra.length,
    openFiles: callersOpenFiles(),
    init: () =>
      spawnInit({
        streams: [0, 1, 2],
        extra,
        pidNamespace: pidNamespaceOf(spec),
        timeNamespace: timeNamespaceOf(spec),
      }),
    onTerminal: (master) => terminal.take(master),
  });
  writePid(args, record.pid);
  if (detached) init.child.unref();
  return { init, terminal };
}

/** `exec ID COMMAND…` */
export async function execVerb(root: string, args: Arguments): Promise<number> {
  const [id, ...command] = args.positional;
  if (id === undefined) throw usage('a container id is expected');
  const container = new ContainerOperations(root, id);
  const wanted = processOf(args, command, container.spec());
  const detached = args.has('detach');
  const terminal = terminalTaker(wanted.terminal, args.value('console-socket'), detached);
  const init: SpawnedInit = await execProcess({
    container,
    process: wanted,
    streams: [0, 1, 2],
    extra: preservedFds(args),
    nullIo: false,
    size: sizeOf(wanted),
    openFiles: callersOpenFiles(),
    onTerminal: (master) => terminal.take(master),
  });
  writePid(args, init.pid);
  if (detached) {
    init.child.unref();
    return 0;
  }
  const signals = forwardSignals(init.pid);
  const { code } = await init.ended;
  signals.dispose();
  await terminal.done();
  return code;
}

function processOf(args: Arguments, command: readonly string[], spec: Spec): ProcessSpec {
  const file = args.value('process');
  if (file !== undefined) return parseProcess(JSON.parse(readFileSync(file, 'utf8')));
  if (command.length === 0) throw usage('a command is expected');
  const base = spec.process!;
  const [uid, gid] = (args.value('user') ?? '').split(':');
  const added = args.values('cap').map((name) => name.toUpperCase());
  const sets = base.capabilities;
  const grown = (names: string[] | null | undefined): string[] => [...new Set([...(names ?? []), ...added])];
  return {
    ...base,
    args: [...command],
    terminal: args.has('tty'),
    consoleSize: null,
    cwd: args.value('cwd') ?? base.cwd,
    env: [...(base.env ?? []), ...args.values('env')],
    noNewPrivileges: base.noNewPrivileges || args.has('no-new-privs'),
    user: {
      ...base.user,
      ...(uid ? { uid: parseWhole('user', uid) } : {}),
      ...(gid ? { gid: parseWhole('user', gid) } : {}),
      ...(args.values('additional-gids').length > 0
        ? { additionalGids: args.values('additional-gids').map((text) => parseWhole('additional-gids', text)) }
        : {}),
    },
    ...(sets && added.length > 0
      ? {
          capabilities: {
            bounding: grown(sets.bounding),
            effective: grown(sets.effective),
            inheritable: sets.inheritable,
            permitted: grown(sets.permitted),
            ambient: sets.ambient,
          },
        }
      : {}),
  };
}

function readSpec(path: string): Spec {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure('usage', 'no-bundle', `${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return parseSpec(JSON.parse(text));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('usage', 'bad-spec', `${path}: it is not JSON: ${(error as Error).message}`);
  }
}

function sizeOf(wanted: ProcessSpec | undefined) {
  if (!wanted?.terminal) return null;
  const { consoleSize } = wanted;
  if (consoleSize) return { columns: consoleSize.width, rows: consoleSize.height };
  return ownTerminalSize();
}

function preservedFds(args: Arguments): number[] {
  const given = Number(process.env.LISTEN_FDS ?? 0) + parseWhole('preserve-fds', args.value('preserve-fds') ?? '0');
  return Array.from({ length: given }, (_, at) => 3 + at);
}

function writePid(args: Arguments, pid: number): void {
  const path = args.value('pid-file');
  if (path === undefined) return;
  rmSync(path, { force: true });
  writeFileSync(path, String(pid));
}
