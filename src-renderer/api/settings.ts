import { useSyncExternalStore } from 'react';
import type { AppSettings } from '../../src-main/contract/app.ts';
import { call, stream } from './bridge.ts';
import { Snapshot } from './snapshot.ts';

const settings = new Snapshot<AppSettings>({ theme: 'system', keepsRunningSaid: true });

export function followSettings(): () => void {
  const open = stream('app.settings', undefined, { onItem: (item) => settings.set(item) });
  return () => open.close();
}

export function useSettings(): AppSettings {
  return useSyncExternalStore(settings.subscribe, settings.get);
}

export function changeSettings(patch: Partial<AppSettings>): void {
  void call('app.changeSettings', patch);
}
