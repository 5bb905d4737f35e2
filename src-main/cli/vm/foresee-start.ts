import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type BulkheadPaths, bulkheadPaths } from '../../inventory/paths.ts';
import { startVmHost, type VmHostProcess } from '../../vmm/client/vm-host-process.ts';

/** Beyond this, reading them all takes longer than it saves. */
const MACHINES_MAX = 50;

/**
 * The VM host for the machine a plain `vm start NAME` will be about, started before the command line has loaded what it
 * takes to be sure. Nothing comes of it until that orders it; this file must stay quick to load.
 */
export async function foreseeStart(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<VmHostProcess | undefined> {
  const [group, verb, name] = argv;
  if (group !== 'vm' || verb !== 'start' || name === undefined) return undefined;
  try {
    const paths = bulkheadPaths(env);
    const id = likelyId(paths, name);
    return id === undefined ? undefined : await startVmHost(paths.machine(id), id, { env });
  } catch {
    // Whatever is wrong is found again by those who can tell.
    return undefined;
  }
}

/** The machine with just this name or id that does not run. */
function likelyId(paths: BulkheadPaths, name: string): string | undefined {
  const folders = readdirSync(paths.machines).filter((folder) => !folder.startsWith('.'));
  if (folders.length > MACHINES_MAX) return undefined;
  return folders.find((id) => {
    const machine = paths.machine(id);
    if (existsSync(machine.runtime) || !existsSync(machine.config)) return false;
    return id === name || nameIn(machine.config) === name;
  });
}

function nameIn(config: string): unknown {
  try {
    return (JSON.parse(readFileSync(config, 'utf8')) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}
