import { useSyncExternalStore } from 'react';
import { Snapshot } from '../api/snapshot.ts';
import type { MachineAction, MachineContext } from './machine-actions.ts';

const busy = new Snapshot<ReadonlySet<string>>(new Set());

const keyOf = (action: MachineAction, machineId: string): string => `${machineId}:${action.id}`;

/** Runs an action unless the same one is still at it for the same machine, or it is not available. */
export async function trigger(action: MachineAction, context: MachineContext): Promise<void> {
  const key = keyOf(action, context.machine.id);
  if (busy.get().has(key) || !action.available(context).now) return;
  busy.set(new Set(busy.get()).add(key));
  try {
    await action.run(context);
  } finally {
    const left = new Set(busy.get());
    left.delete(key);
    busy.set(left);
  }
}

export function useBusy(action: MachineAction, machineId: string): boolean {
  return useSyncExternalStore(busy.subscribe, busy.get).has(keyOf(action, machineId));
}
