import { Failure } from '../base/failure.ts';
import { isLive } from '../vmm/client/machine-state.ts';
import type { CallHandlers, StreamHandlers } from './contract-server.ts';
import { MachineConsole } from './machine-console.ts';
import type { MachineFeed } from './machine-feed.ts';
import { readLogTail } from './machine-log.ts';
import { everyInterval, streamStats } from './machine-stats.ts';
import type { Services } from './services.ts';

type MachineCalls = {
  [N in keyof CallHandlers as N extends `machine.${string}` | 'disk.describe' ? N : never]: CallHandlers[N];
};
type MachineStreams = { [N in keyof StreamHandlers as N extends `machine.${string}` ? N : never]: StreamHandlers[N] };

export function machineCalls({ fleet, catalog, desktop }: Services, feed: MachineFeed): MachineCalls {
  return {
    'machine.get': async ({ id }) => {
      const summary = feed.get(id) ?? (await fleet.list()).find((machine) => machine.id === id);
      if (summary === undefined) throw new Failure('not-found', 'no-such-machine', `machine ${id}: there is none`);
      const { networks } = (isLive(summary.state) && (await fleet.report(id))) || {};
      return { summary, ...(await catalog.detail(id)), ...(networks === undefined ? {} : { networks }) };
    },
    'machine.create': (draft) => catalog.create(draft),
    'machine.update': ({ id, patch }) => catalog.update(id, patch) as Promise<undefined>,
    'machine.changeMedium': ({ id, medium }) => fleet.changeMedium(id, medium) as Promise<undefined>,
    'machine.setForwards': ({ id, forwards }) => fleet.setForwards(id, forwards) as Promise<undefined>,
    'machine.start': ({ id }) => fleet.start(id),
    'machine.stop': ({ id }) => fleet.stop(id) as Promise<undefined>,
    'machine.kill': ({ id }) => fleet.kill(id) as Promise<undefined>,
    'machine.reset': ({ id }) => fleet.reset(id) as Promise<undefined>,
    'machine.pause': ({ id }) => fleet.pause(id) as Promise<undefined>,
    'machine.resume': ({ id }) => fleet.resume(id) as Promise<undefined>,
    'machine.balloon': ({ id, memoryMiB }) => fleet.balloon(id, memoryMiB) as Promise<undefined>,
    'machine.delete': ({ id }) => fleet.delete(id) as Promise<undefined>,
    'machine.log': ({ id, source, maxBytes }) => readLogTail(catalog.logFile(id, source), maxBytes),
    'machine.openFolder': ({ id }) => desktop.openFolder(catalog.folder(id)) as Promise<undefined>,
    'disk.describe': ({ path, readOnly }) => catalog.describeDisk(path, readOnly),
  };
}

export function machineStreams({ fleet, catalog }: Services, feed: MachineFeed): MachineStreams {
  return {
    'machine.list': (_nothing, sink) => feed.stream(sink),
    'machine.console': ({ id }, sink) => new MachineConsole(fleet, feed, id, sink),
    'machine.stats': ({ id }, sink) => streamStats(catalog.counters(id), everyInterval, sink),
  };
}
