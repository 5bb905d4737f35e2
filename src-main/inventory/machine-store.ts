import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../base/failure.ts';
import { sweepLeftovers, syncFolder, writeFailure, writeFileAtomically } from './atomic-file.ts';
import { requireRunnable } from './host-limits.ts';
import {
  type MachineConfig,
  type MachineDraft,
  type MachinePatch,
  machineLineage,
  newMachineConfig,
  patchedConfig,
} from './machine-config.ts';
import type { CdromSetting, Forward } from './machine-hardware.ts';
import { lockInventory, lockMachine } from './machine-lock.ts';
import { nameKey, quote } from './machine-name.ts';
import type { BulkheadPaths } from './paths.ts';
import { readVersioned } from './versioned.ts';

export type MachineEntry =
  | { readonly kind: 'ok'; readonly config: MachineConfig; readonly directory: string }
  /** `name` where it can still be made out. */
  | {
      readonly kind: 'broken';
      readonly id: string;
      readonly name?: string;
      readonly directory: string;
      readonly reason: string;
    };

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_CONFIG_BYTES = 1 << 20;
const ID_PREFIX_MIN = 8;

/** Names of folders that are not machines yet, or no longer. */
const UNFINISHED = '.new-';
const REMOVED = '.removed-';

export function entryId(entry: MachineEntry): string {
  return entry.kind === 'ok' ? entry.config.id : entry.id;
}

export function entryName(entry: MachineEntry): string {
  return entry.kind === 'ok' ? entry.config.name : (entry.name ?? entry.id);
}

/** The machines on disk. Changes are atomic and guarded by locks; reading needs none. */
export class MachineStore {
  constructor(readonly paths: BulkheadPaths) {}

  /** Every machine, by name. */
  list(): MachineEntry[] {
    const entries = this.ids().flatMap((id) => this.get(id) ?? []);
    return entries.sort((a, b) => entryName(a).localeCompare(entryName(b), 'en', { numeric: true }));
  }

  /** The machine with this id; undefined when there is none. */
  get(id: string): MachineEntry | undefined {
    const { folder, config } = this.paths.machine(id);
    if (!ID.test(id) || !existsSync(folder)) return undefined;
    const broken = (reason: string, name?: string): MachineEntry => ({
      kind: 'broken',
      id,
      directory: folder,
      reason: `machine.json: ${reason}`,
      ...(name === undefined ? {} : { name }),
    });
    const text = readText(config);
    if ('broken' in text) return existsSync(folder) ? broken(text.broken) : undefined;
    const read = readVersioned(text.value, machineLineage);
    if ('broken' in read) return broken(read.broken, legibleName(text.value));
    if (read.value.id !== id) return broken(`it belongs to another machine (${read.value.id})`, read.value.name);
    return { kind: 'ok', config: read.value, directory: folder };
  }

  /** The machine of that name, id, or beginning of an id; throws `not-found`. */
  find(nameOrId: string): MachineEntry {
    const entries = this.list();
    const key = nameKey(nameOrId);
    const tests: ((entry: MachineEntry) => boolean)[] = [
      (entry) => entryId(entry) === nameOrId,
      (entry) => entryName(entry) === nameOrId,
      (entry) => nameKey(entryName(entry)) === key,
      (entry) => nameOrId.length >= ID_PREFIX_MIN && entryId(entry).startsWith(nameOrId),
    ];
    for (const test of tests) {
      const [first, second] = entries.filter(test);
      if (first && second) throw ambiguous(nameOrId);
      if (first) return first;
    }
    const hint = entries.length === 0 ? 'there are no machines yet: make one with `bulkhead vm create`' : undefined;
    throw new Failure('not-found', 'no-such-machine', `machine ${quote(nameOrId)}: there is none of that name`, {
      hint: hint ?? '`bulkhead vm list` shows the machines there are',
    });
  }

  /**
   * Makes a machine. A crash on the way leaves either all of it or nothing that counts.
   * @param furnish puts more into the machine's folder before that gets its name
   */
  create(draft: MachineDraft, id: string = randomUUID(), furnish: (folder: string) => void = () => {}): MachineConfig {
    const config = newMachineConfig(draft, id, new Date().toISOString());
    requireRunnable(config);
    makeFolder(this.paths.machines);
    const lock = lockInventory(this.paths);
    try {
      this.sweepFolders();
      this.requireFreeName(config.name);
      this.place(config, furnish);
      return config;
    } finally {
      lock.dispose();
    }
  }

  /**
   * Changes a machine that does not run; throws `state` when it does, or when its file is broken.
   * @param furnish puts more into the machine's folder once the change is known to be good
   */
  update(id: string, patch: MachinePatch, furnish: (folder: string) => void = () => {}): MachineConfig {
    const inventory = lockInventory(this.paths);
    try {
      const paths = this.paths.machine(id);
      const lock = lockMachine(paths, this.nameOf(id), 'change');
      try {
        const config = patchedConfig(this.intact(id), patch);
        requireRunnable(config);
        this.requireFreeName(config.name, id);
        sweepLeftovers(paths.folder);
        furnish(paths.folder);
        writeFileAtomically(paths.config, serialise(config));
        return config;
      } finally {
        lock.dispose();
      }
    } finally {
      inventory.dispose();
    }
  }

  /** Changes the forwards of a machine's network, whether it runs or not: its VM host reads its file once, at the start. */
  keepForwards(id: string, index: number, forwards: readonly Forward[]): MachineConfig {
    return this.keep(id, ({ networks }) => ({
      networks: networks.map((network, at) =>
        at === index && network.kind === 'user' ? { ...network, forwards: [...forwards] } : network,
      ),
    }));
  }

  /** Changes what is in a machine's CD drive, whether it runs or not. */
  keepMedium(id: string, cdrom: CdromSetting): MachineConfig {
    return this.keep(id, () => ({ cdrom }));
  }

  /** Deletes a machine that does not run, broken or not, with everything in its folder. */
  remove(id: string): void {
    const inventory = lockInventory(this.paths);
    try {
      const paths = this.paths.machine(id);
      const lock = lockMachine(paths, this.nameOf(id), 'delete');
      try {
        const removed = join(this.paths.machines, `${REMOVED}${id}`);
        rmSync(removed, { recursive: true, force: true });
        renameSync(paths.folder, removed);
        syncFolder(this.paths.machines);
        rmSync(removed, { recursive: true, force: true });
        rmSync(paths.runtime, { recursive: true, force: true });
      } finally {
        lock.dispose();
      }
    } finally {
      inventory.dispose();
    }
  }

  /** The configuration of a machine that must be there and legible; throws `not-found` or `state`. */
  intact(id: string): MachineConfig {
    const entry = this.get(id) ?? this.find(id);
    if (entry.kind === 'ok') return entry.config;
    const message = `machine ${quote(entryName(entry))}: is broken: ${entry.reason}`;
    throw new Failure('state', 'machine-broken', message, {
      hint: `repair ${join(entry.directory, 'machine.json')}, or delete the machine; nothing was changed`,
    });
  }

  private keep(id: string, change: (config: MachineConfig) => MachinePatch): MachineConfig {
    const inventory = lockInventory(this.paths);
    try {
      const old = this.intact(id);
      const config = patchedConfig(old, change(old));
      writeFileAtomically(this.paths.machine(id).config, serialise(config));
      return config;
    } finally {
      inventory.dispose();
    }
  }

  private ids(): string[] {
    try {
      return readdirSync(this.paths.machines).filter((name) => ID.test(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  private nameOf(id: string): string {
    return entryName(this.get(id) ?? this.find(id));
  }

  private requireFreeName(name: string, except?: string): void {
    const key = nameKey(name);
    const taken = this.list().find((entry) => entryId(entry) !== except && nameKey(entryName(entry)) === key);
    if (!taken) return;
    throw new Failure('state', 'name-taken', `machine ${quote(name)}: there is one of that name already`, {
      hint: 'choose another name; capitals make no difference',
    });
  }

  /** The folder is filled under a name that does not count, then renamed. */
  private place(config: MachineConfig, furnish: (folder: string) => void): void {
    const unfinished = join(this.paths.machines, `${UNFINISHED}${config.id}`);
    try {
      mkdirSync(join(unfinished, 'logs'), { recursive: true, mode: 0o700 });
      furnish(unfinished);
      writeFileAtomically(join(unfinished, 'machine.json'), serialise(config));
      renameSync(unfinished, this.paths.machine(config.id).folder);
      syncFolder(this.paths.machines);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw writeFailure(this.paths.machine(config.id).folder, error);
    }
  }

  /** Removes what interrupted creations and deletions left. The inventory's lock is held: nobody is at it now. */
  private sweepFolders(): void {
    for (const name of readdirSync(this.paths.machines)) {
      if (!name.startsWith(UNFINISHED) && !name.startsWith(REMOVED)) continue;
      rmSync(join(this.paths.machines, name), { recursive: true, force: true });
    }
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeFailure(path, error);
  }
}

function serialise(config: MachineConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

function readText(path: string): { value: string } | { broken: string } {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_CONFIG_BYTES) return { broken: `it has ${bytes.length} bytes, which no machine needs` };
    return { value: bytes.toString('utf8') };
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    if (errno === 'ENOENT') return { broken: 'it is missing' };
    return { broken: errno === 'EACCES' ? 'permission denied' : `it cannot be read (${errno})` };
  }
}

function legibleName(text: string): string | undefined {
  try {
    const { name } = JSON.parse(text) as { name?: unknown };
    return typeof name === 'string' && name.length > 0 ? name : undefined;
  } catch {
    return undefined;
  }
}

function ambiguous(nameOrId: string): Failure {
  return new Failure('usage', 'ambiguous-name', `machine ${quote(nameOrId)}: more than one is called that`, {
    hint: 'use the id, which `bulkhead vm list --json` shows',
  });
}
