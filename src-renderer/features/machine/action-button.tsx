import { Button, Tooltip } from '@mantine/core';
import { useNavigate } from 'react-router';
import type { MachineSummary } from '../../../src-main/contract/machine.ts';
import type { MachineAction } from '../../actions/machine-actions.ts';
import { trigger, useBusy } from '../../actions/use-actions.ts';

export interface ActionButtonProps {
  action: MachineAction;
  machine: MachineSummary;
  first?: boolean;
}

/** An action as a button; what keeps it from being done now is its tooltip. */
export function ActionButton({ action, machine, first = false }: ActionButtonProps) {
  const navigate = useNavigate();
  const busy = useBusy(action, machine.id);
  const context = { machine, navigate: (path: string) => void navigate(path) };
  const availability = action.available(context);
  const { icon: Icon, label, shortcut, tone } = action;
  const tip = availability.now ? `${label}${shortcut === undefined ? '' : ` (${shortcut})`}` : availability.why;
  return (
    <Tooltip label={tip}>
      <Button
        variant={tone === 'primary' && first ? 'filled' : 'default'}
        leftSection={<Icon size={17} stroke={1.8} />}
        loading={busy || machine.state === 'starting'}
        disabled={!availability.now && machine.state !== 'starting'}
        onClick={() => void trigger(action, context)}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
