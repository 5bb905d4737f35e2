import { entryId, MachineStore } from '../../inventory/machine-store.ts';
import { bulkheadPaths } from '../../inventory/paths.ts';
import { Fleet } from '../../vmm/client/fleet.ts';
import type { CliIo } from '../cli-io.ts';

/** This user's machines. */
export function openFleet(io: CliIo): Fleet {
  return new Fleet(new MachineStore(bulkheadPaths(io.env)), { env: io.env, ...io.launch });
}

/** The machines, and the id of the one called `name`; throws `not-found`. */
export function findMachine(io: CliIo, name: string): { fleet: Fleet; id: string } {
  const fleet = openFleet(io);
  return { fleet, id: entryId(fleet.store.find(name)) };
}
