import { Failure } from '../../../base/failure.ts';
import type { ContainerConfig } from '../container-config.ts';

/** What an image says its containers run (OCI image 1.1 config.md). */
export interface ImageRunConfig {
  readonly User?: string | null | undefined;
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null | undefined;
  readonly Env?: readonly string[] | null | undefined;
  readonly Entrypoint?: readonly string[] | null | undefined;
  readonly Cmd?: readonly string[] | null | undefined;
  readonly Volumes?: Readonly<Record<string, unknown>> | null | undefined;
  readonly WorkingDir?: string | null | undefined;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
  readonly StopSignal?: string | null | undefined;
  readonly Healthcheck?: unknown;
}

const keys = (record: Readonly<Record<string, unknown>> | null | undefined): Record<string, Record<string, never>> =>
  Object.fromEntries(Object.keys(record ?? {}).map((key) => [key, {}]));

/**
 * What is asked for over what the image says, as Docker merges them: an entrypoint of one's own drops the image's
 * command, variables and labels add up, the rest is the image's where nothing is asked.
 */
export function mergeImageConfig(asked: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const ownEntrypoint = asked.Entrypoint !== null && asked.Entrypoint.length > 0;
  const cmd =
    asked.Cmd !== null && asked.Cmd.length > 0 ? asked.Cmd : ownEntrypoint ? asked.Cmd : [...(image.Cmd ?? [])];
  // `--entrypoint ""` arrives as [""] and takes the image's away.
  const cleared = ownEntrypoint && asked.Entrypoint?.length === 1 && asked.Entrypoint[0] === '';
  const entrypoint = cleared
    ? null
    : ownEntrypoint
      ? asked.Entrypoint
      : image.Entrypoint
        ? [...image.Entrypoint]
        : null;
  return {
    ...asked,
    Cmd: cmd !== null && cmd.length === 0 ? null : cmd,
    Entrypoint: entrypoint,
    Env: mergeEnvironment(image.Env ?? [], asked.Env ?? []),
    Labels: { ...image.Labels, ...asked.Labels },
    ExposedPorts: { ...keys(image.ExposedPorts), ...asked.ExposedPorts },
    Volumes: { ...keys(image.Volumes), ...asked.Volumes },
    User: asked.User || (image.User ?? ''),
    WorkingDir: asked.WorkingDir || (image.WorkingDir ?? ''),
    StopSignal: asked.StopSignal || (image.StopSignal ?? ''),
  };
}

/** Variables by name, the later ones winning in place. A name without `=` takes the variable away. */
export function mergeEnvironment(base: readonly string[], over: readonly string[]): string[] {
  const result = new Map<string, string>();
  for (const variable of [...base, ...over]) {
    const at = variable.indexOf('=');
    if (at < 0) result.delete(variable);
    else result.set(variable.slice(0, at), variable);
  }
  return [...result.values()];
}

/** The command line of the container's first process. */
export function processArguments(config: ContainerConfig): string[] {
  const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (args.length > 0) return args;
  throw new Failure('usage', 'no-command', 'No command specified');
}

/** Docker's documented search path. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a process in the container finds in its environment. */
export function processEnvironment(config: ContainerConfig, hostname: string, home: string): string[] {
  const base = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, ...(config.Tty ? ['TERM=xterm'] : [])];
  const merged = mergeEnvironment(base, config.Env ?? []);
  return merged.some((variable) => variable.startsWith('HOME=')) ? merged : [...merged, `HOME=${home}`];
}
