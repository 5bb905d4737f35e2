import { Failure } from '../base/failure.ts';
import type { MachineDetail } from '../contract/machine.ts';
import type { CpuTemplates } from '../cpu/cpu-spec.ts';
import type { MachineConfig } from '../inventory/machine-config.ts';
import { consolePortNames } from '../inventory/machine-hardware.ts';
import type { MachineStore } from '../inventory/machine-store.ts';
import { consolePortSockets } from '../inventory/paths.ts';
import { changeMachine, createMachine } from '../vmm/client/machine-disks.ts';
import { QmpCounters } from './machine-counters.ts';
import { diskFacts, settled } from './machine-settings.ts';
import type { MachineCatalog } from './services.ts';

/** The inventory in the window's shapes. */
export function inventoryCatalog(store: MachineStore, templates: CpuTemplates): MachineCatalog {
  return {
    async detail(id) {
      const entry = store.get(id);
      if (entry === undefined) throw new Failure('not-found', 'no-such-machine', `machine ${id}: there is none`);
      const paths = store.paths.machine(id);
      const { folder, serialLog: log, qmp, serial } = paths;
      if (entry.kind !== 'ok') return { paths: { folder, log, qmp, serial } };
      const { consolePorts, vsock } = entry.config;
      return {
        paths: {
          ...{ folder, log, qmp, serial },
          ...(consolePorts && { ports: consolePortSockets(paths, consolePortNames(consolePorts)) }),
          ...(vsock === undefined ? {} : { vsock: paths.vsock }),
        },
        config: shownConfig(entry.config),
      };
    },
    create: async (draft) => ({ id: createMachine(store, settled(draft, templates)).id }),
    update: async (id, patch) => void changeMachine(store, id, settled(patch, templates)),
    logFile: (id, source) => {
      const { serialLog, hostLog } = store.paths.machine(id);
      return source === 'serial' ? serialLog : hostLog;
    },
    folder: (id) => store.paths.machine(id).folder,
    counters: (id) => new QmpCounters(store.paths.machine(id).qmp),
    describeDisk: diskFacts,
  };
}

function shownConfig(config: MachineConfig): NonNullable<MachineDetail['config']> {
  const { id: _id, version: _version, devices: _devices, ...shown } = config;
  return shown as NonNullable<MachineDetail['config']>;
}
