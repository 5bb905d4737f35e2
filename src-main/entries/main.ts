/** The desktop app: Electron's main process. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app } from 'electron';
import { runApp } from '../app/run-app.ts';
import { EngineClient } from '../docker-api/client/engine-client.ts';
import { ensureEngine } from '../docker-api/client/engine-process.ts';
import { CpuTemplateStore } from '../inventory/cpu-template-store.ts';
import { MachineStore } from '../inventory/machine-store.ts';
import { bulkheadPaths } from '../inventory/paths.ts';
import { resourcesDir } from '../inventory/resources.ts';
import { cpuLibrary } from '../ipc/cpu-library.ts';
import { inspectHost } from '../ipc/host-inspection.ts';
import { inventoryCatalog } from '../ipc/inventory-catalog.ts';
import { Fleet } from '../vmm/client/fleet.ts';

/** The build's folder, `out`; this module may have been put into a chunk. */
function builtFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'renderer')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

const out = builtFolder();
runApp(
  {
    renderer: join(out, 'renderer'),
    preload: join(out, 'preload/preload.cjs'),
    icon: join(resourcesDir(), 'icons/bulkhead-256.png'),
  },
  () => {
    const paths = bulkheadPaths(process.env);
    const store = new MachineStore(paths);
    const templates = new CpuTemplateStore(paths);
    return {
      fleet: new Fleet(store),
      catalog: inventoryCatalog(store, templates),
      host: inspectHost(paths, app.getVersion()),
      cpus: cpuLibrary(templates),
      engine: async () => {
        await ensureEngine(paths.engine);
        return new EngineClient(paths.engine.socket);
      },
    };
  },
);
