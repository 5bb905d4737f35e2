import type { Disk, DiskFacts, NewDisk, WantedDisk } from '../../../src-main/contract/hardware.ts';
import { bytes, mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';

/** As many as the inventory takes. */
export const mostDisks = 16;
const gibibyte = 1024;
/** The largest disk that can be asked for here, in GiB. */
const largestGiB = 64 * 1024;

/** Where the inventory keeps disks it made (inventory/paths.ts). */
const ownFolder = /\/bulkhead\/machines\/[0-9a-f-]{36}\/disks$/;

export function isNew(disk: WantedDisk): disk is NewDisk {
  return 'newSizeMiB' in disk;
}

/** A disk as one row of a list: what it is called, where it is, what it is like. */
export interface DiskRow {
  key: string;
  name: string;
  /** The folder it is in; empty for one that is to be made. */
  folder: string;
  facts: string;
}

export function diskRow(disk: WantedDisk, index: number, found: DiskFacts | undefined): DiskRow {
  if (isNew(disk)) {
    const facts = [mebibytes(disk.newSizeMiB), disk.format].join(' · ');
    return { key: `new ${index}`, name: en.disks.toBeMade, folder: '', facts };
  }
  const at = disk.path.lastIndexOf('/');
  return {
    key: disk.path,
    name: disk.path.slice(at + 1),
    folder: ownFolder.test(disk.path.slice(0, at)) ? en.disks.ownFolder : disk.path.slice(0, at) || '/',
    facts: [found === undefined ? undefined : bytes(found.sizeBytes), disk.format].filter(Boolean).join(' · '),
  };
}

/** A line for the review: `root.qcow2 (20 GiB · qcow2, read-only)`. */
export function diskLine(disk: WantedDisk, index: number): string {
  const { name, facts } = diskRow(disk, index, undefined);
  const more = [facts, ...(!isNew(disk) && disk.readOnly ? [en.disks.readOnlyShort] : [])].filter(
    (text) => text !== '',
  );
  return `${name} (${more.join(', ')})`;
}

/** A file as a disk of the list; undefined where it is one already. */
export function withFile(
  disks: readonly WantedDisk[],
  path: string,
  { format, backing }: DiskFacts,
): WantedDisk[] | undefined {
  if (disks.some((disk) => !isNew(disk) && disk.path === path)) return undefined;
  return [...disks, { path, format, ...(backing.length === 0 ? {} : { backing }) }];
}

export function withReadOnly(disks: readonly WantedDisk[], index: number, readOnly: boolean): WantedDisk[] {
  return disks.map((disk, at) => {
    if (at !== index || isNew(disk)) return disk;
    const { readOnly: _before, ...rest } = disk;
    return readOnly ? ({ ...rest, readOnly } satisfies Disk) : rest;
  });
}

/** Moves a disk one place up: the first is the guest's first, and the one it boots from. */
export function movedUp(disks: readonly WantedDisk[], index: number): WantedDisk[] {
  const moved = [...disks];
  const [disk] = moved.splice(index, 1);
  if (disk !== undefined) moved.splice(Math.max(0, index - 1), 0, disk);
  return moved;
}

/** What is wrong with a size typed for a new disk, in GiB; undefined for nothing. */
export function sizeError(gib: number): string | undefined {
  if (!(gib > 0) || gib > largestGiB) return en.disks.badSize(mebibytes(largestGiB * gibibyte));
  return undefined;
}

export function newDiskOf(gib: number, format: NewDisk['format']): NewDisk {
  return { newSizeMiB: Math.max(1, Math.round(gib * gibibyte)), format };
}
