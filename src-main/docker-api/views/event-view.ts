import type { EngineEvent } from '../../containers/lifecycle/events.ts';
import type { Filters } from '../types/query.ts';

/** Docker API 1.47 EventMessage, with the three members old clients read. */
export function eventView(event: EngineEvent) {
  const { type, action, id, attributes, atMs } = event;
  const isContainer = type === 'container';
  return {
    ...(isContainer || type === 'image' ? { status: action, id } : {}),
    ...(isContainer && attributes.image !== undefined ? { from: attributes.image } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Math.floor(atMs / 1000),
    timeNano: Math.floor(atMs) * 1_000_000 + Math.round((atMs % 1) * 1_000_000),
  };
}

export const EVENT_FILTERS = [
  ...['type', 'event', 'container', 'image', 'volume', 'network', 'label', 'scope', 'daemon', 'id'],
] as const;

/** Whether a client that asked for these filters wants this event: all kinds must match, one value of each is enough. */
export function wantsEvent(filters: Filters, event: EngineEvent): boolean {
  const about = (type: string, value: string): boolean =>
    event.type === type && (event.id === value || event.id.startsWith(value) || event.attributes.name === value);
  const tests: Readonly<Record<string, (value: string) => boolean>> = {
    type: (value) => event.type === value,
    event: (value) => event.action === value || event.action.startsWith(`${value}:`),
    id: (value) => event.id.startsWith(value),
    container: (value) => about('container', value) || event.attributes.container === value,
    image: (value) => about('image', value) || event.attributes.image === value,
    volume: (value) => about('volume', value),
    network: (value) => about('network', value),
    label: (value) => hasLabel(event.attributes, value),
    scope: (value) => value === 'local',
    daemon: () => true,
  };
  return Object.entries(filters).every(
    ([kind, values]) => values.length === 0 || values.some((value) => tests[kind]?.(value) ?? false),
  );
}

/** `name` or `name=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  if (at < 0) return labels[wanted] !== undefined;
  return labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}
