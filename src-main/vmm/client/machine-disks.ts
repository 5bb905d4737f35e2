import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../inventory/atomic-file.ts';
import type { MachineConfig, MachineDraft, MachinePatch } from '../../inventory/machine-config.ts';
import type { Disk } from '../../inventory/machine-hardware.ts';
import type { MachineStore } from '../../inventory/machine-store.ts';
import { makeEmptyImage } from '../../storage/new-image.ts';

/** A disk to be made in its machine's own folder. */
export interface NewDisk extends Omit<Disk, 'path' | 'format'> {
  readonly sizeBytes: number;
  readonly format: 'raw' | 'qcow2';
}
export type WantedDisk = Disk | NewDisk;

type Wanting<T> = Omit<T, 'disks'> & { disks?: readonly WantedDisk[] | undefined };

/** Makes a machine together with its new disks: all of it or nothing. */
export function createMachine(store: MachineStore, draft: Wanting<MachineDraft>): MachineConfig {
  const id = randomUUID();
  const { disks, making } = placed(draft.disks ?? [], store.paths.machine(id).disks, new Set());
  return store.create({ ...draft, disks }, id, (folder) => makeAll(making, join(folder, 'disks')));
}

/** Changes a machine that does not run, making the new disks among those it is to have. */
export function changeMachine(store: MachineStore, id: string, patch: Wanting<MachinePatch>): MachineConfig {
  if (patch.disks === undefined) return store.update(id, { ...patch, disks: undefined });
  const folder = store.paths.machine(id).disks;
  const { disks, making } = placed(patch.disks, folder, namesIn(folder));
  let made = false;
  try {
    return store.update(id, { ...patch, disks }, () => {
      makeAll(making, folder);
      made = true;
    });
  } catch (error) {
    if (made) for (const { name } of making) rmSync(join(folder, name), { force: true });
    throw error;
  }
}

interface ImageToMake {
  readonly name: string;
  readonly disk: NewDisk;
}

/** The disks with paths for those that have none yet. */
function placed(wanted: readonly WantedDisk[], folder: string, taken: Set<string>) {
  const making: ImageToMake[] = [];
  const disks = wanted.map((disk): Disk => {
    if ('path' in disk) return disk;
    const name = freeName(disk.format, taken);
    taken.add(name);
    making.push({ name, disk });
    const { sizeBytes: _size, ...rest } = disk;
    return { ...rest, path: join(folder, name) };
  });
  return { disks, making };
}

function freeName(format: NewDisk['format'], taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    const stem = `disk${number}.`;
    if (![...taken].some((name) => name.startsWith(stem))) return `${stem}${format}`;
  }
}

function namesIn(folder: string): Set<string> {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
}

function makeAll(making: readonly ImageToMake[], folder: string): void {
  if (making.length === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  try {
    for (const { name, disk } of making) {
      makeEmptyImage(join(folder, name), disk.format, disk.sizeBytes);
      made.push(name);
    }
  } catch (error) {
    for (const name of made) rmSync(join(folder, name), { force: true });
    throw error;
  }
  syncFolder(folder);
}
