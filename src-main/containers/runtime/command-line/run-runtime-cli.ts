import { appendFileSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { asFailure } from '../../../base/failure.ts';
import { listFolders } from '../container-folder.ts';
import { ociState } from '../oci-state.ts';
import { runtimeFolder } from '../open-runtime.ts';
import { ContainerOperations } from '../operations.ts';
import { parseResources } from '../spec/config.ts';
import {
  type Arguments,
  type FlagTable,
  parseArguments,
  parseBytes,
  parseSignal,
  parseWhole,
  usage,
} from './arguments.ts';
import { CREATE_FLAGS, createVerb, EXEC_FLAGS, execVerb, runVerb } from './create-verbs.ts';
import { features } from './features.ts';

/** Whether runc or we: a caller sees the same command line (runc(8)), and `error:` lines of ours. */
const GLOBAL_FLAGS = {
  root: 'one',
  log: 'one',
  'log-format': 'one',
  debug: true,
  'systemd-cgroup': true,
  'cgroup-manager': 'one',
  rootless: 'one',
  version: true,
  help: true,
} as const;

interface Verb {
  readonly flags: FlagTable;
  /** Positionals after which the rest belongs to the container's command. */
  readonly stopAfter?: number;
  run(root: string, args: Arguments): Promise<number>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  create: { flags: CREATE_FLAGS, run: createVerb },
  run: { flags: CREATE_FLAGS, run: runVerb },
  exec: { flags: EXEC_FLAGS, stopAfter: 1, run: execVerb },
  start: { flags: {}, run: onOne((container) => container.start()) },
  state: { flags: {}, run: onOne((container) => printState(container)) },
  kill: { flags: { all: true }, run: killVerb },
  delete: { flags: { force: true }, run: onOne((container, args) => container.delete({ force: args.has('force') })) },
  pause: { flags: {}, run: onOne((container) => container.pause()) },
  resume: { flags: {}, run: onOne((container) => container.resume()) },
  ps: { flags: { format: 'one' }, run: onOne((container) => print(container.processes())) },
  events: { flags: { stats: true, interval: 'one' }, run: onOne(printStats) },
  list: { flags: { format: 'one', quiet: true }, run: listVerb },
  update: {
    flags: {
      resources: 'one',
      memory: 'one',
      'memory-swap': 'one',
      'memory-reservation': 'one',
      'pids-limit': 'one',
      'cpu-quota': 'one',
      'cpu-period': 'one',
      'cpu-share': 'one',
      'cpuset-cpus': 'one',
      'cpuset-mems': 'one',
      'blkio-weight': 'one',
    },
    run: updateVerb,
  },
  features: { flags: {}, run: async () => print(features()) },
};

/** Runs one command line, without the program's name; the exit status. */
export async function runRuntimeCli(argv: readonly string[]): Promise<number> {
  const at = argv.findIndex((word, index) => word in VERBS && !takesValue(argv[index - 1]));
  const global = parseArguments(at < 0 ? argv : argv.slice(0, at), GLOBAL_FLAGS);
  try {
    if (global.has('version')) return await print('bulkhead-runtime 0.1.0\nspec: 1.2.0');
    const verb = VERBS[argv[at] ?? ''];
    if (verb === undefined)
      throw usage(`${global.positional[0] ?? 'a command'}: one of ${Object.keys(VERBS).join(', ')} is expected`);
    if (global.has('systemd-cgroup')) throw usage('--systemd-cgroup: cgroups are made through their file system here');
    return await verb.run(stateRoot(global), parseArguments(argv.slice(at + 1), verb.flags, verb.stopAfter));
  } catch (error) {
    const failure = asFailure(error);
    complain(global, failure.message);
    process.stderr.write(`error: ${failure.message}\n${failure.hint ? `hint: ${failure.hint}\n` : ''}`);
    if (process.env.BULKHEAD_DEBUG) process.stderr.write(`${failure.stack}\n`);
    return 1;
  }
}

function takesValue(flag: string | undefined): boolean {
  const kind = flag?.startsWith('--') ? (GLOBAL_FLAGS as FlagTable)[flag.slice(2)] : undefined;
  return kind !== undefined && kind !== true;
}

function stateRoot(global: Arguments): string {
  const given = global.value('root');
  return given === undefined ? runtimeFolder(process.env) : resolve(given);
}

/** `--log`: where callers such as podman look for what went wrong. */
function complain(global: Arguments, message: string): void {
  const path = global.value('log');
  if (path === undefined) return;
  const line =
    global.value('log-format') === 'json'
      ? JSON.stringify({ level: 'error', msg: message, time: new Date().toISOString() })
      : `time="${new Date().toISOString()}" level=error msg=${JSON.stringify(message)}`;
  appendFileSync(path, `${line}\n`);
}

function onOne(body: (container: ContainerOperations, args: Arguments) => unknown): Verb['run'] {
  return async (root, args) => {
    const [id, ...more] = args.positional;
    if (id === undefined || more.length > 0) throw usage('exactly one container id is expected');
    await body(new ContainerOperations(root, id), args);
    return 0;
  };
}

async function killVerb(root: string, args: Arguments): Promise<number> {
  const [id, signal = 'SIGTERM'] = args.positional;
  if (id === undefined) throw usage('a container id is expected');
  new ContainerOperations(root, id).kill(parseSignal(signal, constants.signals), { all: args.has('all') });
  return 0;
}

async function listVerb(root: string, args: Arguments): Promise<number> {
  const states = listFolders(root).flatMap(({ id }) => {
    try {
      const container = new ContainerOperations(root, id);
      return [ociState(container.record(), container.spec(), container.state().status)];
    } catch {
      return [];
    }
  });
  if (args.has('quiet')) return print(states.map(({ id }) => id).join('\n'));
  if (args.value('format') === 'json') return print(states);
  const rows = states.map(({ id, pid, status, bundle, created }) => [id, String(pid), status, bundle, created]);
  const table = [['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return print(
    table
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd(),
      )
      .join('\n'),
  );
}

async function updateVerb(root: string, args: Arguments): Promise<number> {
  const [id] = args.positional;
  if (id === undefined) throw usage('a container id is expected');
  const file = args.value('resources');
  const text = file === undefined ? '{}' : readFileSync(file === '-' ? 0 : file, 'utf8');
  const base = parseResources(JSON.parse(text));
  const bytes = (flag: string): number | undefined => mapped(args.value(flag), (value) => parseBytes(flag, value));
  const whole = (flag: string): number | undefined => mapped(args.value(flag), (value) => parseWhole(flag, value));
  const memory = { limit: bytes('memory'), swap: bytes('memory-swap'), reservation: bytes('memory-reservation') };
  const cpu = {
    quota: whole('cpu-quota'),
    period: whole('cpu-period'),
    shares: whole('cpu-share'),
    cpus: args.value('cpuset-cpus'),
    mems: args.value('cpuset-mems'),
  };
  const pids = whole('pids-limit');
  const weight = whole('blkio-weight');
  const change = parseResources(
    JSON.parse(
      JSON.stringify({
        ...base,
        memory: { ...base.memory, ...present(memory) },
        cpu: { ...base.cpu, ...present(cpu) },
        ...(pids === undefined ? {} : { pids: { limit: pids } }),
        ...(weight === undefined ? {} : { blockIO: { ...base.blockIO, weight } }),
      }),
    ),
  );
  new ContainerOperations(root, id).update(change);
  return 0;
}

function mapped<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function printState(container: ContainerOperations): Promise<number> {
  return print(ociState(container.record(), container.spec(), container.state().status));
}

function printStats(container: ContainerOperations): Promise<number> {
  return print({ type: 'stats', id: container.record().id, data: container.stats() });
}

async function print(value: unknown): Promise<number> {
  process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}\n`);
  return 0;
}
