import { Failure } from '../../base/failure.ts';
import type { ImageStore } from '../../containers/images/image-store.ts';
import type { Container } from '../../containers/lifecycle/container.ts';
import { endpointViews } from '../views/container-view.ts';
import { hasLabel } from '../views/event-view.ts';
import { allowFilters, type Filters, timeMs } from './query.ts';

const KNOWN = [
  ...['id', 'name', 'label', 'label!', 'status', 'exited', 'ancestor', 'volume', 'network', 'health', 'before'],
  ...['since', 'until', 'is-task', 'publish', 'expose'],
];
const STATES = new Set(['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']);

export interface ContainerSelection {
  readonly all: boolean;
  readonly limit: number | undefined;
  readonly filters: Filters;
}

/** Docker API 1.47 ContainerList: newest first; without a wish only those that run. */
export function filterContainers(
  list: readonly Container[],
  selection: ContainerSelection,
  images: ImageStore,
): Container[] {
  const { filters, limit } = selection;
  allowFilters(filters, KNOWN);
  const unknown = filters.status?.find((status) => !STATES.has(status));
  if (unknown !== undefined) throw new Failure('usage', 'bad-filter', `invalid filter 'status=${unknown}'`);
  const newestFirst = [...list].sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
  const all = selection.all || (limit ?? 0) > 0 || filters.status !== undefined || filters.exited !== undefined;
  const tests = testsOf(list, images);
  const found = newestFirst.filter((container) => {
    if (!all && !container.live) return false;
    return Object.entries(filters).every(
      ([kind, values]) =>
        values.length === 0 ||
        // All labels must be there; of other kinds one is enough.
        (kind.startsWith('label')
          ? values.every((value) => tests[kind]?.(container, value))
          : values.some((value) => tests[kind]?.(container, value))),
    );
  });
  return (limit ?? 0) > 0 ? found.slice(0, limit) : found;
}

type Test = (container: Container, value: string) => boolean;

function testsOf(list: readonly Container[], images: ImageStore): Readonly<Record<string, Test>> {
  const createdAt = (name: string): string =>
    list.find(({ id, record }) => id.startsWith(name) || record.name === name.replace(/^\//, ''))?.record.createdAt ??
    '';
  return {
    id: ({ id }, value) => id.startsWith(value),
    name: ({ record }, value) => matches(value, record.name),
    label: ({ record }, value) => hasLabel(record.config.Labels, value),
    'label!': ({ record }, value) => !hasLabel(record.config.Labels, value),
    status: ({ status }, value) => status === value,
    exited: ({ status, record }, value) => status === 'exited' && `${record.state.exitCode}` === value,
    ancestor: ({ record }, value) => record.config.Image === value || isImage(images, value, record.imageId),
    volume: ({ record }, value) =>
      record.mounts.some(({ name, destination }) => name === value || destination === value),
    network: (container, value) => Object.keys(endpointViews(container)).includes(value),
    health: ({ health }, value) => (health?.status ?? 'none') === value,
    before: ({ record }, value) => record.createdAt < createdAt(value),
    since: ({ record }, value) => createdAt(value) !== '' && record.createdAt > createdAt(value),
    until: ({ record }, value) => Date.parse(record.createdAt) < (timeMs(value, Date.now()) ?? 0),
    'is-task': (_container, value) => value === 'false',
    publish: ({ joined }, value) =>
      Object.keys(joined.ports).some((port) => port.split('/')[0] === value.split('/')[0]),
    expose: ({ record }, value) =>
      Object.keys(record.config.ExposedPorts).some((port) => port.split('/')[0] === value.split('/')[0]),
  };
}

/** Docker takes a name filter as a regular expression, and as a part of the name where it is none. */
function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name) || new RegExp(pattern).test(`/${name}`);
  } catch {
    return name.includes(pattern);
  }
}

function isImage(images: ImageStore, name: string, id: string): boolean {
  try {
    return images.resolve(name).id === id;
  } catch {
    return false;
  }
}
