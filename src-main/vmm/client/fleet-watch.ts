import { existsSync, type FSWatcher, watch } from 'node:fs';
import type { Disposable } from '../../base/disposable.ts';
import { entryId, type MachineStore } from '../../inventory/machine-store.ts';
import type { MachineSummary } from './machine-state.ts';
import { observe } from './observe.ts';
import type { QmpClient } from './qmp-client.ts';

export type MachineDelta =
  | { readonly kind: 'added' | 'changed'; readonly machine: MachineSummary }
  | { readonly kind: 'removed'; readonly id: string };

/** Several file events make one change. */
const SETTLE_MS = 30;
const LOOK_AGAIN_MS = 200;
/** Folders that do not exist yet cannot be watched; machines appear there when someone else makes the first one. */
const FOLDER_RETRY_MS = 1000;

const STATE_EVENTS = new Set(['X_STATE_CHANGED', 'STOP', 'RESUME']);

interface Watched {
  summary: MachineSummary;
  folder: FSWatcher | undefined;
  qmp: QmpClient | undefined;
}

/** Follows every machine: by its folder while it is off, by its QMP socket while it runs. */
export class FleetWatch implements Disposable {
  private readonly machines = new Map<string, Watched>();
  private readonly due = new Map<string, NodeJS.Timeout>();
  private readonly looking = new Map<string, Promise<void>>();
  private readonly folders = new Map<string, FSWatcher>();
  private readonly retry: NodeJS.Timeout;
  private disposed = false;

  constructor(
    private readonly store: MachineStore,
    private readonly listener: (delta: MachineDelta) => void,
  ) {
    this.retry = setInterval(() => this.watchFolders(), FOLDER_RETRY_MS);
    this.retry.unref();
    this.watchFolders();
    this.lookAtAll();
  }

  dispose(): void {
    this.disposed = true;
    clearInterval(this.retry);
    for (const timer of this.due.values()) clearTimeout(timer);
    for (const folder of this.folders.values()) folder.close();
    for (const id of [...this.machines.keys()]) this.forget(id);
  }

  private watchFolders(): void {
    const { machines, runtimeMachines } = this.store.paths;
    for (const path of [machines, runtimeMachines]) {
      if (this.folders.has(path) || !existsSync(path)) continue;
      const watcher = watchFolder(path, (name) => this.onFolderEvent(path, name));
      if (!watcher) continue;
      this.folders.set(path, watcher);
      this.lookAtAll();
    }
  }

  private onFolderEvent(path: string, name: string | null): void {
    if (!existsSync(path)) {
      this.folders.get(path)?.close();
      this.folders.delete(path);
      this.lookAtAll();
    } else if (name === null || !this.store.get(name)) {
      this.lookAtAll();
    } else {
      this.lookSoon(name);
    }
  }

  private lookAtAll(): void {
    const there = new Set(this.store.list().map(entryId));
    for (const id of new Set([...there, ...this.machines.keys()])) this.lookSoon(id, 0);
  }

  private lookSoon(id: string, delayMs = SETTLE_MS): void {
    if (this.disposed || this.due.has(id)) return;
    const timer = setTimeout(() => {
      this.due.delete(id);
      const look = (this.looking.get(id) ?? Promise.resolve()).then(() => this.look(id)).catch(() => undefined);
      this.looking.set(id, look);
      void look.then(() => this.looking.get(id) === look && this.looking.delete(id));
    }, delayMs);
    this.due.set(id, timer);
  }

  private async look(id: string): Promise<void> {
    if (this.disposed) return;
    const entry = this.store.get(id);
    if (!entry) return this.removed(id);
    const known = this.machines.get(id);
    const { summary, qmp, transient } = await observe(this.store.paths, entry, known?.qmp);
    if (this.disposed) return qmp?.dispose();
    this.follow(id, summary, qmp);
    if (transient) this.lookSoon(id, LOOK_AGAIN_MS);
    if (!known) this.listener({ kind: 'added', machine: summary });
    else if (!sameSummary(known.summary, summary)) this.listener({ kind: 'changed', machine: summary });
  }

  /** Keeps the connection the machine was asked over for what it says next. */
  private follow(id: string, summary: MachineSummary, qmp: QmpClient | undefined): void {
    const known = this.machines.get(id);
    const folder = known?.folder ?? watchFolder(this.store.paths.machine(id).folder, () => this.lookSoon(id));
    this.machines.set(id, { summary, folder, qmp });
    if (!qmp || qmp === known?.qmp) return;
    qmp.onEvent(({ event }) => {
      if (STATE_EVENTS.has(event)) this.lookSoon(id);
    });
    qmp.onClose(() => {
      if (this.machines.get(id)?.qmp !== qmp) return;
      this.machines.set(id, { summary: this.machines.get(id)!.summary, folder, qmp: undefined });
      this.lookSoon(id);
    });
    // What changed between its answer and our listening is not announced again.
    this.lookSoon(id);
  }

  private removed(id: string): void {
    if (!this.machines.has(id)) return;
    this.forget(id);
    this.listener({ kind: 'removed', id });
  }

  private forget(id: string): void {
    const known = this.machines.get(id);
    this.machines.delete(id);
    known?.folder?.close();
    known?.qmp?.dispose();
  }
}

/** Calls back with the name of what changed in `path`; undefined where the folder cannot be watched. */
function watchFolder(path: string, changed: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (_event, name) => {
      // Taking a lock and writing a temporary file change nothing that can be seen.
      if (name !== null && (name === 'lock' || name.startsWith('.'))) return;
      changed(name);
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

function sameSummary(a: MachineSummary, b: MachineSummary): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof MachineSummary>;
  return [...keys].every((key) => a[key] === b[key]);
}
