/** The container engine's process: started detached by whoever needs it first, ends when it is told to. */
import { existsSync } from 'node:fs';
import { asFailure } from '../base/failure.ts';
import { starterReport } from '../base/starter.ts';
import { delegatedControllers, removeEngineCgroup } from '../containers/cgroups/locate.ts';
import { openImageStore } from '../containers/images/local-image-store.ts';
import { BridgeNetworks } from '../containers/networks/bridge-networks.ts';
import { UserNetworks } from '../containers/networks/user-networks.ts';
import { openRuntime } from '../containers/runtime/open-runtime.ts';
import { serveEngine } from '../docker-api/serve-engine.ts';
import { bulkheadPaths, enginePaths } from '../inventory/paths.ts';
import { version } from '../vmm/host/version.ts';

const report = starterReport();

/** An ordinary user's engine is in a user namespace by now, and is told where its folders are. */
const [chosen, data, runtime] = process.argv.slice(2);
const rootless = data !== undefined && runtime !== undefined;
const engine = rootless ? enginePaths(data, runtime) : bulkheadPaths(process.env).engine;
const socket = chosen ?? engine.socket;

try {
  const serving = await serveEngine({ ...engine, socket }, version, async () => ({
    runtime: openRuntime(engine.runtimeState),
    images: await openImageStore({ folder: engine.images }),
    networks: rootless
      ? new UserNetworks({ networks: engine.networks, running: engine.runtimeNetworks })
      : BridgeNetworks.ofHost({ networks: engine.networks, running: engine.runtimeNetworks }),
    cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? '2' : '1',
    rootless,
    ...(rootless ? { controllers: delegatedControllers() } : {}),
  }));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      serving.dispose();
      removeEngineCgroup(rootless);
      process.exit(0);
    });
  }
  report({ ready: { pid: process.pid } });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  report({ failure: asFailure(error).toJSON() });
  process.exit(1);
}
