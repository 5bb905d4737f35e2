import { notifications } from '@mantine/notifications';
import { useEffect, useRef } from 'react';
import { useMachineList } from '../api/machine-list.ts';
import { changeSettings, useSettings } from '../api/settings.ts';
import { en } from '../locales/en.ts';

/** Says once, when a machine starts while the window is open, that closing the window stops nothing. */
export function KeepsRunningNotice() {
  const { loaded, machines } = useMachineList();
  const { keepsRunningSaid } = useSettings();
  const before = useRef<number | undefined>(undefined);
  const running = machines.filter(({ state }) => state === 'running').length;
  useEffect(() => {
    if (!loaded) return;
    const started = before.current !== undefined && running > before.current;
    before.current = running;
    if (!started || keepsRunningSaid) return;
    changeSettings({ keepsRunningSaid: true });
    notifications.show({
      title: en.notice.keepsRunningTitle,
      message: en.notice.keepsRunning,
      autoClose: 12_000,
      closeButtonProps: { 'aria-label': en.detail.dismiss },
    });
  }, [loaded, running, keepsRunningSaid]);
  return null;
}
