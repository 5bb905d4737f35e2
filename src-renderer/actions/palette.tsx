import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData, spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useNavigate } from 'react-router';
import { useMachineList } from '../api/machine-list.ts';
import { useShownMachineId } from '../app/use-shown-machine.ts';
import { Keys } from '../components/keys.tsx';
import { StateMark } from '../components/state-mark.tsx';
import { en } from '../locales/en.ts';
import type { Action } from './action.ts';
import { appActions } from './app-actions.ts';
import { machineActions } from './machine-actions.ts';
import { trigger } from './use-actions.ts';

export function openPalette(): void {
  spotlight.open();
}

/** Every action that can be done now, and every machine, by typing a few letters. */
export function Palette() {
  const navigate = useNavigate();
  const { machines } = useMachineList();
  const shownId = useShownMachineId();
  const go = (path: string): void => void navigate(path);
  const shown = machines.find(({ id }) => id === shownId);
  const groups: SpotlightActionGroupData[] = [];
  if (shown !== undefined) {
    const context = { machine: shown, navigate: go };
    const doable = machineActions.filter((action) => action.available(context).now);
    groups.push({
      group: shown.name,
      actions: doable.map((action) => entry(action, () => void trigger(action, context))),
    });
  }
  groups.push({
    group: en.rail.machines,
    actions: machines.map((machine) => ({
      id: machine.id,
      label: machine.name,
      leftSection: <StateMark state={machine.state} />,
      description: en.state[machine.state],
      onClick: () => go(`/machines/${machine.id}`),
    })),
  });
  groups.push({
    group: en.app.name,
    actions: appActions.map((action) => entry(action, () => void action.run({ navigate: go }))),
  });
  return (
    <Spotlight
      actions={groups.filter(({ actions }) => actions.length > 0)}
      shortcut={['mod + K', 'mod + shift + K']}
      nothingFound={en.action.nothing}
      highlightQuery
      scrollable
      maxHeight={420}
      limit={30}
      attributes={{ content: { 'aria-label': en.rail.palette } }}
      searchProps={{
        leftSection: <IconSearch size={18} stroke={1.7} />,
        placeholder: en.action.palette,
        'aria-label': en.action.palette,
      }}
    />
  );
}

type Listed = Pick<Action<never>, 'id' | 'label' | 'icon' | 'shortcut'>;

function entry({ id, label, icon: Icon, shortcut }: Listed, run: () => void): SpotlightActionData {
  return {
    id,
    label,
    leftSection: <Icon size={18} stroke={1.7} />,
    onClick: run,
    ...(shortcut === undefined ? {} : { rightSection: <Keys shortcut={shortcut} /> }),
  };
}
