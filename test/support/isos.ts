import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IsoFile, isoImage } from '../../src-main/storage/iso/iso-image.ts';

/** Writes an ISO image called `name` into a folder; its path. */
export function writeIso(folder: string, name: string, files: readonly IsoFile[]): string {
  const path = join(folder, `${name}.iso`);
  writeFileSync(path, isoImage(name, files, new Date(0)));
  return path;
}

/** The ISO images a process has open. */
export function openIsos(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        // Closed meanwhile.
        return '';
      }
    })
    .filter((path) => path.endsWith('.iso'));
}
