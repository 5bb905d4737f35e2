import { useSyncExternalStore } from 'react';
import type { FailureRecord } from '../../src-main/contract/failure.ts';
import type { MachineListItem, MachineSummary } from '../../src-main/contract/machine.ts';
import { stream } from './bridge.ts';
import { queries } from './queries.ts';
import { Snapshot } from './snapshot.ts';

export interface MachineList {
  /** Whether the first snapshot has come. */
  loaded: boolean;
  machines: readonly MachineSummary[];
  failure?: FailureRecord;
}

/** The list after one more item of its stream. An unchanged machine keeps its identity. */
export function applyListItem(list: MachineList, item: MachineListItem): MachineList {
  if (item.kind === 'snapshot') return { loaded: true, machines: item.machines };
  if (item.kind === 'removed') return { ...list, machines: list.machines.filter(({ id }) => id !== item.id) };
  const index = list.machines.findIndex(({ id }) => id === item.machine.id);
  if (index < 0) return { ...list, machines: [...list.machines, item.machine] };
  return { ...list, machines: list.machines.with(index, item.machine) };
}

const machineList = new Snapshot<MachineList>({ loaded: false, machines: [] });

/** Follows the machines for as long as the window lives. */
export function followMachines(): () => void {
  const open = stream('machine.list', undefined, {
    onItem: (item) => {
      machineList.set(applyListItem(machineList.get(), item));
      if (item.kind === 'changed') void queries.invalidateQueries({ queryKey: ['machine', item.machine.id] });
    },
    onEnd: (failure) => {
      if (failure !== undefined) machineList.set({ ...machineList.get(), loaded: true, failure });
    },
  });
  return () => open.close();
}

export function useMachineList(): MachineList {
  return useSyncExternalStore(machineList.subscribe, machineList.get);
}

/** `undefined` when there is no such machine, or not yet. */
export function useMachine(id: string | undefined): MachineSummary | undefined {
  return useMachineList().machines.find((machine) => machine.id === id);
}
