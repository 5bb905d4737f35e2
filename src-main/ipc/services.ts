import type { Disposable } from '../base/disposable.ts';
import type { AppSettings } from '../contract/app.ts';
import type { CpuCatalogue, CpuComparison, CpuSheet, CpuTemplate } from '../contract/cpu.ts';
import type { DiskFacts } from '../contract/hardware.ts';
import type { HostCheck, HostOverview } from '../contract/host.ts';
import type { MachineDetail, MachineDraft, MachinePatch } from '../contract/machine.ts';
import type { EngineClient } from '../docker-api/client/engine-client.ts';
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
  /** Throws what is wrong with a file that is to be a disk. */
  describeDisk(path: string, readOnly: boolean): DiskFacts;
}

export interface HostInspection {
  check(): Promise<HostCheck[]>;
  overview(): Promise<HostOverview>;
}

/** CPU models, what this host can run of them, and CPUs under names of the user's own. */
export interface CpuLibrary {
  list(): CpuCatalogue;
  describe(cpu: string): CpuSheet;
  compare(a: string, b: string): CpuComparison;
  templates(): CpuTemplate[];
  saveTemplate(draft: { name: string; cpu: string; description?: string | undefined }, replace: boolean): CpuTemplate;
  deleteTemplate(name: string): void;
  exportTemplate(name: string, path: string): void;
  importTemplate(path: string): CpuTemplate;
}

/** What the desktop around the window offers. */
export interface Desktop {
  /** The chosen file, or null when the dialog was left without one. */
  pickFile(title: string): Promise<string | null>;
  /** The chosen folder, which the dialog can make; or null. */
  pickFolder(title: string): Promise<string | null>;
  /** Where to write a new file, or null when the dialog was left. */
  saveFile(title: string, name: string): Promise<string | null>;
  openFolder(path: string): Promise<void>;
  /** Opens a page in the user's browser. */
  openPage(url: URL): Promise<void>;
  writeClipboard(text: string): void;
  readClipboard(): string;
}

export interface SettingsStore {
  get(): AppSettings;
  change(patch: Partial<AppSettings>): void;
  onChange(listener: (settings: AppSettings) => void): Disposable;
}

export interface Services {
  /** The container engine, started when it is first needed. */
  engine: () => Promise<EngineClient>;
  fleet: MachineFleet;
  catalog: MachineCatalog;
  host: HostInspection;
  cpus: CpuLibrary;
  desktop: Desktop;
  settings: SettingsStore;
}
