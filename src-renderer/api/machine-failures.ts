import { useSyncExternalStore } from 'react';
import type { FailureRecord } from '../../src-main/contract/failure.ts';
import { Snapshot } from './snapshot.ts';

/** What was tried with a machine and did not work: shown on its page until it works or is put away. */
export interface MachineTrouble {
  /** What was tried, as its button says. */
  what: string;
  failure: FailureRecord;
}

const troubles = new Snapshot<ReadonlyMap<string, MachineTrouble>>(new Map());

export function reportTrouble(machineId: string, trouble: MachineTrouble): void {
  troubles.set(new Map(troubles.get()).set(machineId, trouble));
}

export function clearTrouble(machineId: string): void {
  if (!troubles.get().has(machineId)) return;
  const left = new Map(troubles.get());
  left.delete(machineId);
  troubles.set(left);
}

export function useTrouble(machineId: string): MachineTrouble | undefined {
  return useSyncExternalStore(troubles.subscribe, troubles.get).get(machineId);
}
