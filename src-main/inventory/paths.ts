import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { Failure } from '../base/failure.ts';

/** Where everything about one machine lies. */
export interface MachinePaths {
  /** What is kept: settings, disks, logs, later snapshots. */
  readonly folder: string;
  readonly config: string;
  /** flock(2)'ed by the VM host while it lives, and briefly by whoever changes, deletes or reaps the machine. */
  readonly lock: string;
  readonly lastRun: string;
  /** Images of disks made for this machine; they go with it. */
  readonly disks: string;
  readonly logs: string;
  readonly serialLog: string;
  /** What was in the serial log before it grew too long. */
  readonly olderSerialLog: string;
  readonly hostLog: string;
  /** What the guest wrote to the debug console. */
  readonly debugLog: string;
  /** What exists only while the machine runs. */
  readonly runtime: string;
  readonly qmp: string;
  readonly serial: string;
  /** Where the host reaches the guest's sockets; those the guest reaches lie beside it, with `_PORT` behind the name. */
  readonly vsock: string;
  readonly pid: string;
  /** There once somebody asked for the VM host to be killed: then the machine is off, and has not crashed. */
  readonly killed: string;
}

export interface BulkheadPaths {
  /** `$XDG_DATA_HOME/bulkhead/machines`. */
  readonly machines: string;
  /** `$XDG_RUNTIME_DIR/bulkhead/machines`. */
  readonly runtimeMachines: string;
  /** `$XDG_DATA_HOME/bulkhead/cpu-templates`. */
  readonly cpuTemplates: string;
  readonly engine: EnginePaths;
  machine(id: string): MachinePaths;
}

/** Where the container engine's things lie. */
export interface EnginePaths {
  /** `$XDG_DATA_HOME/bulkhead`, above the four next. */
  readonly data: string;
  readonly images: string;
  readonly containers: string;
  readonly volumes: string;
  readonly networks: string;
  /** flock(2)'ed by the engine while it lives. */
  readonly lock: string;
  readonly log: string;
  /** What exists only while this computer is up. */
  readonly runtime: string;
  /** The state of the containers that run: what is lost with the computer's uptime, as they are. */
  readonly runtimeState: string;
  /** Their places in the networks, likewise. */
  readonly runtimeNetworks: string;
  /** The Docker Engine API. */
  readonly socket: string;
}

/** unix(7): sun_path holds 108 bytes with the terminating zero. */
export const SOCKET_PATH_MAX = 107;

/** The folders of the XDG Base Directory Specification 0.8, with our own fallback for the run-time one. Makes nothing. */
export function bulkheadPaths(env: NodeJS.ProcessEnv): BulkheadPaths {
  const machines = join(dataHome(env), 'bulkhead', 'machines');
  const runtimeMachines = join(runtimeFolder(env), 'machines');
  return {
    machines,
    runtimeMachines,
    cpuTemplates: join(dataHome(env), 'bulkhead', 'cpu-templates'),
    engine: enginePaths(join(dataHome(env), 'bulkhead'), runtimeFolder(env)),
    machine: (id) => machinePaths(join(machines, id), join(runtimeMachines, id)),
  };
}

/** Of an engine whose two folders are known. */
export function enginePaths(data: string, runtime: string): EnginePaths {
  return {
    data,
    images: join(data, 'images'),
    containers: join(data, 'containers'),
    volumes: join(data, 'volumes'),
    networks: join(data, 'networks'),
    lock: join(data, 'engine.lock'),
    log: join(data, 'engine.log'),
    runtime,
    runtimeState: join(runtime, 'runtime'),
    runtimeNetworks: join(runtime, 'networks'),
    socket: join(runtime, 'docker.sock'),
  };
}

function machinePaths(folder: string, runtime: string): MachinePaths {
  const logs = join(folder, 'logs');
  const qmp = join(runtime, 'qmp.sock');
  const serial = join(runtime, 'serial0.sock');
  return {
    folder,
    config: join(folder, 'machine.json'),
    lock: join(folder, 'lock'),
    lastRun: join(folder, 'last-run.json'),
    disks: join(folder, 'disks'),
    logs,
    serialLog: join(logs, 'serial0.log'),
    olderSerialLog: join(logs, 'serial0.log.1'),
    hostLog: join(logs, 'host.log'),
    debugLog: join(logs, 'debug-console.log'),
    runtime,
    qmp,
    serial,
    vsock: join(runtime, 'vsock.sock'),
    pid: join(runtime, 'host.pid'),
    killed: join(runtime, 'killed'),
  };
}

/** Where a port of a machine's virtio console leads: a socket while it runs, and a log. */
export function consolePortPaths({ runtime, logs }: MachinePaths, name: string): { socket: string; log: string } {
  return { socket: join(runtime, `port-${name}.sock`), log: join(logs, `port-${name}.log`) };
}

/** Where these ports' sockets are, by the ports' names. */
export function consolePortSockets(paths: MachinePaths, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, consolePortPaths(paths, name).socket]));
}

/** Throws when the machine's sockets cannot have these paths. */
export function requireSocketPaths(paths: MachinePaths, { vsock }: { readonly vsock?: number | undefined } = {}): void {
  const longestPort = vsock === undefined ? [] : [`${paths.vsock}_${0xffff_ffff}`];
  for (const path of [paths.qmp, paths.serial, ...longestPort]) {
    const length = Buffer.byteLength(path);
    if (length <= SOCKET_PATH_MAX) continue;
    throw new Failure('host', 'socket-path-too-long', `${path}: ${length} bytes are too long for a socket's path`, {
      hint: `set XDG_RUNTIME_DIR to a shorter folder: a socket's path has at most ${SOCKET_PATH_MAX} bytes`,
    });
  }
}

/** Makes a folder only its owner may enter, with its parents; throws when one is there that belongs to someone else. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(path);
  if (uid === os.userInfo().uid && (mode & 0o022) === 0) return;
  throw new Failure('host', 'folder-not-private', `${path}: belongs to or may be changed by another user`, {
    hint: 'set XDG_RUNTIME_DIR and XDG_DATA_HOME to folders of your own',
  });
}

/** Makes the run-time folder of a machine, and those above it that are ours, for their owner alone. */
export function makeRuntimeFolder(paths: MachinePaths): void {
  const machines = dirname(paths.runtime);
  for (const folder of [dirname(machines), machines, paths.runtime]) makePrivateFolder(folder);
}

function dataHome(env: NodeJS.ProcessEnv): string {
  // XDG Base Directory 0.8: a relative path is invalid and to be ignored.
  if (env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME)) return env.XDG_DATA_HOME;
  return join(env.HOME || os.homedir(), '.local', 'share');
}

function runtimeFolder(env: NodeJS.ProcessEnv): string {
  if (env.XDG_RUNTIME_DIR && isAbsolute(env.XDG_RUNTIME_DIR)) return join(env.XDG_RUNTIME_DIR, 'bulkhead');
  const { uid } = os.userInfo();
  const usual = `/run/user/${uid}`;
  return existsSync(usual) ? join(usual, 'bulkhead') : join(os.tmpdir(), `bulkhead-${uid}`);
}
