/** The Dockerfile instructions `commit --change` and `import --change` take: Docker's CLI reference, "docker commit". */
import { Failure } from '../../base/failure.ts';
import type { RunConfig } from './image-config.ts';

type Change = (config: RunConfig, argument: string) => RunConfig;

const instructions: Readonly<Record<string, Change>> = {
  CMD: (config, argument) => ({ ...config, Cmd: commandOf(config, argument) }),
  ENTRYPOINT: (config, argument) => ({ ...config, Entrypoint: commandOf(config, argument) }),
  ENV: (config, argument) => ({ ...config, Env: pairsOf(argument).reduce(setVariable, [...(config.Env ?? [])]) }),
  EXPOSE: (config, argument) => ({
    ...config,
    ExposedPorts: withMembers(
      config.ExposedPorts,
      words(argument).map((port) => (port.includes('/') ? port : `${port}/tcp`)),
    ),
  }),
  LABEL: (config, argument) => ({ ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(argument)) } }),
  ONBUILD: (config, argument) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), argument] }),
  STOPSIGNAL: (config, argument) => ({ ...config, StopSignal: argument }),
  USER: (config, argument) => ({ ...config, User: argument }),
  VOLUME: (config, argument) => ({
    ...config,
    Volumes: withMembers(config.Volumes, listOf(argument) ?? words(argument)),
  }),
  WORKDIR: (config, argument) => ({ ...config, WorkingDir: joinFolder(config.WorkingDir, argument) }),
};

export function applyChanges(config: RunConfig, changes: readonly string[]): RunConfig {
  return changes.reduce((changed, line) => {
    const match = /^\s*([a-zA-Z]+)\s+(.*\S)\s*$/s.exec(line);
    const change = instructions[match?.[1]?.toUpperCase() ?? ''];
    if (!match || !change) {
      throw new Failure('usage', 'bad-change', `change ${JSON.stringify(line.slice(0, 200))}: is not understood`, {
        hint: `it begins with one of ${Object.keys(instructions).join(', ')}`,
      });
    }
    return change(changed, match[2]!);
  }, config);
}

function commandOf({ Shell }: RunConfig, argument: string): string[] {
  return listOf(argument) ?? [...(Shell ?? ['/bin/sh', '-c']), argument];
}

function listOf(argument: string): string[] | undefined {
  if (!argument.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(argument);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** Words as a Dockerfile has them: quotes hold them together, a backslash takes the next character as it is. */
function words(argument: string): string[] {
  return (argument.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/gs) ?? []).map((word) =>
    word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs, (_, double, single, plain) =>
      String(double?.replace(/\\(.)/gs, '$1') ?? single ?? plain),
    ),
  );
}

/** `A=b C=d`, or the old `A b`. */
function pairsOf(argument: string): [string, string][] {
  const all = words(argument);
  if (!all[0]?.includes('=')) return [[all[0] ?? '', argument.slice((all[0] ?? '').length).trim()]];
  return all.map((word) => {
    const equals = word.indexOf('=');
    return equals === -1 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function setVariable(variables: string[], [name, value]: [string, string]): string[] {
  return [...variables.filter((variable) => !variable.startsWith(`${name}=`)), `${name}=${value}`];
}

function withMembers(set: RunConfig['Volumes'], members: readonly string[]): NonNullable<RunConfig['Volumes']> {
  return { ...set, ...Object.fromEntries(members.map((member) => [member, {}])) };
}

function joinFolder(folder: string | null | undefined, argument: string): string {
  if (argument.startsWith('/')) return argument;
  return `${folder?.replace(/\/$/, '') ?? ''}/${argument}`;
}
