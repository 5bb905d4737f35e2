import { Menu, Portal } from '@mantine/core';
import { useNavigate } from 'react-router';
import type { MachineSummary } from '../../../src-main/contract/machine.ts';
import { type MachineAction, machineActions } from '../../actions/machine-actions.ts';
import { trigger } from '../../actions/use-actions.ts';
import { Keys } from '../../components/keys.tsx';

/** A machine's actions as menu entries; those that cannot be done now are greyed with the reason. */
export function MachineMenuItems({ machine, actions }: { machine: MachineSummary; actions: readonly MachineAction[] }) {
  const navigate = useNavigate();
  const context = { machine, navigate: (path: string) => void navigate(path) };
  return actions.map((action) => {
    const availability = action.available(context);
    const { icon: Icon, tone, shortcut } = action;
    return (
      <Menu.Item
        key={action.id}
        leftSection={<Icon size={17} stroke={1.7} />}
        rightSection={shortcut === undefined ? null : <Keys shortcut={shortcut} />}
        disabled={!availability.now}
        title={availability.now ? '' : availability.why}
        {...(tone === 'danger' ? { color: 'var(--bad)' } : {})}
        onClick={() => void trigger(action, context)}
      >
        {action.label}
      </Menu.Item>
    );
  });
}

export interface MachineMenuProps {
  machine: MachineSummary;
  at: { x: number; y: number };
  onClose(): void;
}

/** The context menu of a row in the list. */
export function MachineMenu({ machine, at, onClose }: MachineMenuProps) {
  return (
    <Menu
      opened
      withInitialFocusPlaceholder={false}
      onClose={onClose}
      position="bottom-start"
      width={280}
      offset={2}
      transitionProps={{ duration: 0 }}
    >
      <Portal>
        <Menu.Target>
          <span aria-hidden="true" style={{ position: 'fixed', left: at.x, top: at.y, width: 1, height: 1 }} />
        </Menu.Target>
      </Portal>
      <Menu.Dropdown>
        <MachineMenuItems machine={machine} actions={machineActions} />
      </Menu.Dropdown>
    </Menu>
  );
}
