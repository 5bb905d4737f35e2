import type { Disposable } from '../base/disposable.ts';
import type { AppSettings } from '../contract/app.ts';
import type { HostCheck, HostOverview } from '../contract/host.ts';
import type { MachineDetail, MachineDraft, MachinePatch } from '../contract/machine.ts';
import type { MachineFleet } from './machine-fleet.ts';
import type { CounterReader } from './machine-stats.ts';

/** Machines as they lie on disk, in the window's shapes. */
export interface MachineCatalog {
  detail(id: string): Promise<Omit<MachineDetail, 'summary'>>;
  create(draft: MachineDraft): Promise<{ id: string }>;
  update(id: string, patch: MachinePatch): Promise<void>;
  logFile(id: string, source: 'serial' | 'host'): string;
  folder(id: string): string;
  counters(id: string): CounterReader;
}

export interface HostInspection {
  check(): Promise<HostCheck[]>;
  overview(): Promise<HostOverview>;
}

/** What the desktop around the window offers. */
export interface Desktop {
  /** The chosen file, or null when the dialog was left without one. */
  pickFile(title: string): Promise<string | null>;
  openFolder(path: string): Promise<void>;
  writeClipboard(text: string): void;
  readClipboard(): string;
}

export interface SettingsStore {
  get(): AppSettings;
  change(patch: Partial<AppSettings>): void;
  onChange(listener: (settings: AppSettings) => void): Disposable;
}

export interface Services {
  fleet: MachineFleet;
  catalog: MachineCatalog;
  host: HostInspection;
  desktop: Desktop;
  settings: SettingsStore;
}
