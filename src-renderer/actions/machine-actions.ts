import {
  IconFolderOpen,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerTrackNext,
  IconPlugConnectedX,
  IconPower,
  IconRefresh,
  IconTerminal2,
  IconTrash,
} from '@tabler/icons-react';
import type { MachineDetail, MachineState, MachineSummary } from '../../src-main/contract/machine.ts';
import { call, failureOf } from '../api/bridge.ts';
import { clearTrouble, reportTrouble } from '../api/machine-failures.ts';
import { queries } from '../api/queries.ts';
import { en } from '../locales/en.ts';
import { type Action, type Availability, available } from './action.ts';
import { confirm } from './confirm.ts';

export interface MachineContext {
  machine: MachineSummary;
  navigate(path: string): void;
}

export type MachineAction = Action<MachineContext>;

function inStates(label: string, states: readonly MachineState[]) {
  return ({ machine }: MachineContext): Availability =>
    states.includes(machine.state)
      ? available
      : { now: false, why: en.action.unavailable(label, en.state[machine.state]) };
}

/** Runs it and, when it fails, says so on the machine's page. */
async function attempt(machine: MachineSummary, what: string, request: () => Promise<unknown>): Promise<boolean> {
  clearTrouble(machine.id);
  try {
    await request();
    return true;
  } catch (error) {
    reportTrouble(machine.id, { what, failure: failureOf(error) });
    return false;
  }
}

const start: MachineAction = {
  id: 'start',
  label: en.action.start,
  icon: IconPlayerPlay,
  shortcut: 'Ctrl+Shift+S',
  tone: 'primary',
  available: inStates(en.action.start, ['stopped', 'crashed']),
  run: async ({ machine }) => {
    await attempt(machine, en.action.start, () => call('machine.start', { id: machine.id }));
  },
};

const resume: MachineAction = {
  id: 'resume',
  label: en.action.resume,
  icon: IconPlayerTrackNext,
  shortcut: 'Ctrl+Shift+U',
  tone: 'primary',
  available: inStates(en.action.resume, ['paused']),
  run: async ({ machine }) => {
    await attempt(machine, en.action.resume, () => call('machine.resume', { id: machine.id }));
  },
};

const pause: MachineAction = {
  id: 'pause',
  label: en.action.pause,
  icon: IconPlayerPause,
  shortcut: 'Ctrl+Shift+P',
  available: inStates(en.action.pause, ['running', 'stopping']),
  run: async ({ machine }) => {
    await attempt(machine, en.action.pause, () => call('machine.pause', { id: machine.id }));
  },
};

const powerButton: MachineAction = {
  id: 'power-button',
  label: en.action.powerButton,
  icon: IconPower,
  shortcut: 'Ctrl+Shift+B',
  available: inStates(en.action.powerButton, ['running', 'stopping']),
  run: async ({ machine }) => {
    await attempt(machine, en.action.powerButton, () => call('machine.stop', { id: machine.id }));
  },
};

const reset: MachineAction = {
  id: 'reset',
  label: en.action.reset,
  icon: IconRefresh,
  shortcut: 'Ctrl+Shift+R',
  available: inStates(en.action.reset, ['running', 'paused', 'stopping']),
  run: async ({ machine }) => {
    const { resetTitle, resetText, resetDo } = en.confirm;
    if (!(await confirm({ title: resetTitle(machine.name), text: resetText, confirmLabel: resetDo }))) return;
    await attempt(machine, en.action.reset, () => call('machine.reset', { id: machine.id }));
  },
};

const powerOff: MachineAction = {
  id: 'power-off',
  label: en.action.powerOff,
  icon: IconPlugConnectedX,
  shortcut: 'Ctrl+Shift+Q',
  tone: 'danger',
  available: inStates(en.action.powerOff, ['starting', 'running', 'paused', 'stopping']),
  run: async ({ machine }) => {
    const { offTitle, offText, offDo } = en.confirm;
    if (!(await confirm({ title: offTitle(machine.name), text: offText, confirmLabel: offDo, danger: true }))) return;
    await attempt(machine, en.action.powerOff, () => call('machine.kill', { id: machine.id }));
  },
};

const openConsole: MachineAction = {
  id: 'console',
  label: en.action.console,
  icon: IconTerminal2,
  available: inStates(en.action.console, ['running', 'paused', 'stopping', 'starting']),
  run: ({ machine, navigate }) => navigate(`/machines/${machine.id}/console`),
};

const openFolder: MachineAction = {
  id: 'open-folder',
  label: en.action.openFolder,
  icon: IconFolderOpen,
  available: () => available,
  run: async ({ machine }) => {
    await attempt(machine, en.action.openFolder, () => call('machine.openFolder', { id: machine.id }));
  },
};

/** What is lost with a machine, as the confirmation lists it. */
export function whatGoes(detail: MachineDetail | undefined): string[] {
  const folder = detail === undefined ? [] : [en.confirm.deleteFolder(detail.paths.folder)];
  const own = (detail?.config?.disks ?? []).filter(({ path }) => path.startsWith(`${detail?.paths.folder}/`));
  const disks = own.map(({ path }) => en.confirm.deleteDisk(path.slice(path.lastIndexOf('/') + 1)));
  return [en.confirm.deleteConfig, ...disks, en.confirm.deleteLogs, ...folder];
}

const remove: MachineAction = {
  id: 'delete',
  label: en.action.delete,
  icon: IconTrash,
  shortcut: 'Ctrl+Shift+Delete',
  tone: 'danger',
  available: inStates(en.action.delete, ['stopped', 'crashed', 'broken']),
  run: async ({ machine, navigate }) => {
    const detail = await call('machine.get', { id: machine.id }).catch(() => undefined);
    const sure = await confirm({
      title: en.confirm.deleteTitle(machine.name),
      text: en.confirm.deleteText,
      items: whatGoes(detail),
      note: en.confirm.deleteKept,
      confirmLabel: en.confirm.deleteDo,
      danger: true,
    });
    if (!sure) return;
    if (!(await attempt(machine, en.action.delete, () => call('machine.delete', { id: machine.id })))) return;
    queries.removeQueries({ queryKey: ['machine', machine.id] });
    navigate('/machines');
  },
};

/** In the order menus show them. */
export const machineActions: readonly MachineAction[] = [
  start,
  resume,
  pause,
  powerButton,
  openConsole,
  reset,
  powerOff,
  openFolder,
  remove,
];

/** The buttons a machine's page shows in this state, the most likely first; the rest is in its menu. */
export function headerActions(state: MachineState): readonly MachineAction[] {
  if (state === 'running' || state === 'stopping') return [pause, powerButton];
  if (state === 'paused') return [resume];
  if (state === 'broken') return [remove];
  return [start];
}

export { start as startAction };
