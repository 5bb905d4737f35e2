import type {
  ContainerDraft,
  ContainerListItem,
  ContainerSample,
  ContainerState,
  ContainerSummary,
} from '../../../src-main/contract/container.ts';
import type { MachineState } from '../../../src-main/contract/machine.ts';

/** The list after one more item of its stream. */
export function applyItem(list: readonly ContainerSummary[] | undefined, item: ContainerListItem): ContainerSummary[] {
  if (item.kind === 'snapshot') return item.containers;
  const rest = list ?? [];
  if (item.kind === 'removed') return rest.filter(({ id }) => id !== item.id);
  const at = rest.findIndex(({ id }) => id === item.container.id);
  return at < 0 ? [item.container, ...rest] : rest.with(at, item.container);
}

export function matching(list: readonly ContainerSummary[], filter: string): ContainerSummary[] {
  const wanted = filter.trim().toLowerCase();
  return list.filter(({ name, image, id }) => `${name} ${image} ${id}`.toLowerCase().includes(wanted));
}

/** The shape and colour of a container's state: those of a machine in the like one. */
export const markOf: Record<ContainerState, MachineState> = {
  created: 'stopped',
  running: 'running',
  paused: 'paused',
  restarting: 'starting',
  exited: 'stopped',
};

export const windowSeconds = 90;

/** Readings of the last minute and a half. */
export function keepSamples(
  before: readonly ContainerSample[] | undefined,
  sample: ContainerSample,
): ContainerSample[] {
  return [...(before ?? []).filter(({ atMs }) => atMs > sample.atMs - windowSeconds * 1000), sample];
}

/** One graph's columns: seconds before now (negative), and the values. */
export function columnsOf(
  samples: readonly ContainerSample[],
  value: (sample: ContainerSample) => number,
): [number[], number[]] {
  const now = samples.at(-1)?.atMs ?? 0;
  return [samples.map(({ atMs }) => (atMs - now) / 1000), samples.map(value)];
}

/** Bytes a second over the network, both ways, between each reading and the one before it. */
export function trafficOf(samples: readonly ContainerSample[]): [number[], number[]] {
  const now = samples.at(-1)?.atMs ?? 0;
  const pairs = samples.slice(1).map((sample, i) => [samples[i] as ContainerSample, sample] as const);
  const rate = (from: ContainerSample, to: ContainerSample): number => {
    const moved = to.receivedBytes + to.sentBytes - from.receivedBytes - from.sentBytes;
    return to.atMs > from.atMs ? Math.max(0, (moved / (to.atMs - from.atMs)) * 1000) : 0;
  };
  return [pairs.map(([, to]) => (to.atMs - now) / 1000), pairs.map(([from, to]) => rate(from, to))];
}

/** A command line as words: quotes hold spaces together, a backslash takes the next character as it is. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const [token] of text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g)) {
    words.push(
      token.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_all, double, single, plain) => {
        return single ?? plain ?? String(double).replace(/\\(.)/g, '$1');
      }),
    );
  }
  return words;
}

export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** One entry a line. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export const emptyDraft: ContainerDraft = {
  image: '',
  name: '',
  command: [],
  env: [],
  volumes: [],
  ports: [],
  terminal: false,
  restart: 'no',
};
