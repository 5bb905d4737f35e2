import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { portBindingsOf } from '../../docker-api/client/port-specs.ts';
import { pairs, parseMemoryMiB, several } from '../arguments.ts';

export interface RunOptions {
  readonly detach?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly name?: string;
  readonly env?: string[];
  readonly volume?: string[];
  readonly mount?: string[];
  readonly tmpfs?: string[];
  readonly device?: string[];
  readonly publish?: string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly entrypoint?: string;
  readonly hostname?: string;
  readonly label?: string[];
  readonly network?: string;
  readonly init?: boolean;
  readonly memory?: string;
  readonly cpus?: string;
  readonly pidsLimit?: string;
  readonly readOnly?: boolean;
  readonly capAdd?: string[];
  readonly capDrop?: string[];
  readonly securityOpt?: string[];
  readonly privileged?: boolean;
  readonly restart?: string;
}

const LIMITS = {
  memory: ['-m, --memory <size>', 'memory limit, as 512M'],
  cpus: ['--cpus <number>', 'how many processors, as 1.5'],
  pids: ['--pids-limit <number>', 'how many processes'],
} as const;
const RESTART = ['--restart <policy>', 'no, always, unless-stopped, on-failure[:times]'] as const;

/** The options of `run` and `create`, in Docker's spelling. */
export function addRunOptions(command: Command): Command {
  return command
    .option('-i, --interactive', 'keep its input open')
    .option('-t, --tty', 'give it a terminal')
    .option('--rm', 'remove it when it has ended')
    .option('--name <name>', 'a name of your own')
    .option('-e, --env <name=value>', 'an environment variable', several)
    .option('-v, --volume <source:target[:ro]>', 'mount a volume or a folder', several)
    .option('--mount <type=…,source=…,target=…>', 'the same, in words', several)
    .option('--tmpfs <target>', 'mount a folder in memory', several)
    .option('--device <path[:target][:rwm]>', 'a device of this computer', several)
    .option('-p, --publish <[ip:]port:port[/udp]>', 'publish a port on the host', several)
    .option('-u, --user <name[:group]>', 'run as this user')
    .option('-w, --workdir <folder>', 'start in this folder')
    .option('--entrypoint <program>', "in place of the image's own")
    .option('-h, --hostname <name>', 'what it calls itself')
    .option('-l, --label <name=value>', 'a label', several)
    .option('--network <network>', 'the network to join')
    .option('--init', 'give it a small first process that passes signals on and reaps')
    .option(...LIMITS.memory)
    .option(...LIMITS.cpus)
    .option(...LIMITS.pids)
    .option('--read-only', 'make its root file system read-only')
    .option('--cap-add <name>', 'a capability more', several)
    .option('--cap-drop <name>', 'a capability less', several)
    .option('--security-opt <option>', 'as no-new-privileges', several)
    .option('--privileged', 'hide and forbid nothing')
    .option(...RESTART);
}

/** What can be changed of a container that is there. */
export type UpdateOptions = Pick<RunOptions, 'memory' | 'cpus' | 'pidsLimit' | 'restart'>;

export function addUpdateOptions(command: Command): Command {
  return command
    .option(...LIMITS.memory)
    .option(...LIMITS.cpus)
    .option(...LIMITS.pids)
    .option(...RESTART);
}

/** The body of Docker API 1.47 ContainerUpdate: what is not named stays. */
export function updateBody(options: UpdateOptions) {
  return {
    ...limitsOf(options),
    ...(options.restart === undefined ? {} : { RestartPolicy: restartPolicy(options.restart) }),
  };
}

function limitsOf({ memory, cpus, pidsLimit }: UpdateOptions) {
  return {
    ...(memory === undefined ? {} : { Memory: parseMemoryMiB(memory) * (1 << 20) }),
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(decimal('--cpus', cpus) * 1e9) }),
    ...(pidsLimit === undefined ? {} : { PidsLimit: decimal('--pids-limit', pidsLimit) }),
  };
}

/** The body of Docker API 1.47 ContainerCreate. */
export function createBody(
  image: string,
  args: readonly string[],
  options: RunOptions,
  cwd: string,
  env: NodeJS.ProcessEnv,
) {
  const attached = !options.detach;
  const bindings = portBindingsOf(options.publish ?? []);
  const stdin = options.interactive === true;
  return {
    Image: image,
    ...(args.length > 0 ? { Cmd: args } : {}),
    ...(options.entrypoint === undefined ? {} : { Entrypoint: [options.entrypoint] }),
    Tty: options.tty === true,
    OpenStdin: stdin,
    StdinOnce: stdin && attached,
    AttachStdin: stdin && attached,
    AttachStdout: attached,
    AttachStderr: attached,
    Env: (options.env ?? []).flatMap((variable) => environment(variable, env)),
    User: options.user ?? '',
    WorkingDir: options.workdir ?? '',
    Hostname: options.hostname ?? '',
    Labels: pairs(options.label),
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])),
    HostConfig: {
      Binds: (options.volume ?? []).map((volume) => hostFolder(volume, cwd)),
      Mounts: (options.mount ?? []).map(mount),
      Tmpfs: Object.fromEntries(
        (options.tmpfs ?? []).map((text) => text.split(/:(.*)/s, 2)).map(([k = '', v = '']) => [k, v]),
      ),
      Devices: (options.device ?? []).map(device),
      PortBindings: bindings,
      AutoRemove: options.rm === true,
      NetworkMode: options.network ?? 'default',
      Init: options.init === true,
      ...limitsOf(options),
      ReadonlyRootfs: options.readOnly === true,
      CapAdd: options.capAdd ?? null,
      CapDrop: options.capDrop ?? null,
      SecurityOpt: options.securityOpt ?? null,
      Privileged: options.privileged === true,
      RestartPolicy: restartPolicy(options.restart ?? 'no'),
    },
  };
}

/** A variable without a value takes over ours, if there is one. */
function environment(variable: string, env: NodeJS.ProcessEnv): string[] {
  if (variable.includes('=')) return [variable];
  return env[variable] === undefined ? [] : [`${variable}=${env[variable]}`];
}

/** As the docker client reads it: what follows the path is a target, or only what may be done with it. */
function device(text: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [source = '', second = '', third, ...rest] = text.split(':');
  const [target, permissions = 'rwm'] = third === undefined && /^[rwm]+$/.test(second) ? ['', second] : [second, third];
  if (!source.startsWith('/') || rest.length > 0 || !/^[rwm]+$/.test(permissions)) {
    throw new Failure('usage', 'bad-device', `--device ${text}: expected /dev/NAME[:TARGET][:rwm]`);
  }
  return { PathOnHost: source, PathInContainer: target || source, CgroupPermissions: permissions };
}

function hostFolder(volume: string, cwd: string): string {
  return /^\.\.?(\/|:)/.test(volume) ? volume.replace(/^[^:]+/, (path) => resolve(cwd, path)) : volume;
}

const MOUNT_KEYS: Readonly<Record<string, string>> = {
  type: 'Type',
  source: 'Source',
  src: 'Source',
  target: 'Target',
  dst: 'Target',
  destination: 'Target',
};

function mount(text: string): Record<string, unknown> {
  const request: Record<string, unknown> = { Type: 'volume' };
  for (const part of text.split(',')) {
    const [key = '', value = 'true'] = part.split(/=(.*)/s, 2);
    if (key === 'readonly' || key === 'ro') request.ReadOnly = value !== 'false';
    else if (MOUNT_KEYS[key] !== undefined) request[MOUNT_KEYS[key]] = value;
    else throw new Failure('usage', 'bad-mount', `--mount ${text}: ${key} is not known`);
  }
  return request;
}

function restartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  const [, name = '', times] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text) ?? [];
  if (name === '')
    throw new Failure(
      'usage',
      'bad-restart',
      `--restart ${text}: no, always, unless-stopped or on-failure[:times] is expected`,
    );
  return { Name: name, MaximumRetryCount: Number(times ?? 0) };
}

function decimal(what: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new Failure('usage', 'bad-number', `${what} ${text}: a number is expected`);
}
