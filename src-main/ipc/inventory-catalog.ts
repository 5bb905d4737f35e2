import { Failure } from '../base/failure.ts';
import type { MachineDetail } from '../contract/machine.ts';
import type { MachineConfig } from '../inventory/machine-config.ts';
import type { MachineStore } from '../inventory/machine-store.ts';
import { QmpCounters } from './machine-counters.ts';
import type { MachineCatalog } from './services.ts';

/** The inventory in the window's shapes. */
export function inventoryCatalog(store: MachineStore): MachineCatalog {
  return {
    async detail(id) {
      const entry = store.get(id);
      if (entry === undefined) throw new Failure('not-found', 'no-such-machine', `machine ${id}: there is none`);
      const { folder, serialLog, qmp, serial } = store.paths.machine(id);
      return {
        paths: { folder, log: serialLog, qmp, serial },
        ...(entry.kind === 'ok' ? { config: shownConfig(entry.config) } : {}),
      };
    },
    create: async (draft) => ({ id: store.create(draft).id }),
    update: async (id, patch) => void store.update(id, patch),
    logFile: (id, source) => {
      const { serialLog, hostLog } = store.paths.machine(id);
      return source === 'serial' ? serialLog : hostLog;
    },
    folder: (id) => store.paths.machine(id).folder,
    counters: (id) => new QmpCounters(store.paths.machine(id).qmp),
  };
}

function shownConfig(config: MachineConfig): NonNullable<MachineDetail['config']> {
  const { name, description, accelerator, cpus, memoryMiB, boot, createdAt } = config;
  const notes = description === undefined ? {} : { description };
  return { name, ...notes, accelerator, cpus, memoryMiB, boot, createdAt };
}
