import { useEffect } from 'react';
import { useNavigate } from 'react-router';
import { matchesShortcut } from '../actions/action.ts';
import { appActions } from '../actions/app-actions.ts';
import { machineActions } from '../actions/machine-actions.ts';
import { trigger } from '../actions/use-actions.ts';
import { useMachine } from '../api/machine-list.ts';
import { useShownMachineId } from './use-shown-machine.ts';

/** Runs the actions' shortcuts. Keys a focused terminal takes for its guest never come this far. */
export function useShortcuts(): void {
  const navigate = useNavigate();
  const machine = useMachine(useShownMachineId());
  useEffect(() => {
    const go = (path: string): void => void navigate(path);
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const fits = ({ shortcut }: { shortcut?: string }): boolean =>
        shortcut !== undefined && matchesShortcut(shortcut, event);
      const own = machine === undefined ? undefined : machineActions.find(fits);
      const general = appActions.find(fits);
      if (own === undefined && general === undefined) return;
      event.preventDefault();
      if (own !== undefined && machine !== undefined) void trigger(own, { machine, navigate: go });
      else void general?.run({ navigate: go });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [machine, navigate]);
}
