import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BlockBackend } from '../../../src-main/storage/block-backend.ts';
import { CdDrive } from '../../../src-main/storage/removable/cd-drive.ts';
import { DriveBay } from '../../../src-main/storage/removable/drive-bay.ts';
import { noMedium } from '../../../src-main/storage/removable/no-medium.ts';
import { perform } from '../../support/disk-user.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('cd');

const [first, second] = [join(folder, 'first.iso'), join(folder, 'second.iso')];
beforeAll(() => {
  for (const [i, path] of [first, second].entries()) writeFileSync(path, Buffer.alloc(4096, i + 1));
});

/** The images this process has open. */
const held = (): string[] =>
  readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((path) => path.startsWith(folder))
    .map((path) => path.slice(folder.length + 1));

/** The first byte of what `bay` finds; undefined where nothing waits. */
function taken(bay: DriveBay): number | 'none' | undefined {
  let found: number | 'none' | undefined;
  bay.change((medium: BlockBackend) => {
    const byte = new Uint8Array(1);
    found = medium === noMedium ? 'none' : perform(medium, 'read', 0, [byte]) === 'ok' ? byte[0] : undefined;
    medium.dispose();
  });
  return found;
}

describe('the two halves of a CD drive', () => {
  test('what one inserts the other takes, once, and closes', async () => {
    const drive = CdDrive.open(first);
    const bay = new DriveBay(drive.seed, true);
    expect([held(), drive.medium]).toEqual([['first.iso'], first]);
    expect(taken(bay)).toBe(1);
    await drive.settled();
    expect([held(), taken(bay)]).toEqual([[], undefined]);
    drive.insert(undefined);
    expect([taken(bay), drive.medium]).toEqual(['none', undefined]);
    await drive.settled();
    drive.dispose();
  });

  test('of several that nobody took the last counts, and none stays open', () => {
    const drive = CdDrive.open(undefined);
    for (const path of [first, undefined, first, second]) drive.insert(path);
    expect(held()).toEqual(['second.iso']);
    expect(taken(new DriveBay(drive.seed, true))).toBe(2);
    drive.insert(first);
    drive.dispose();
    expect(held()).toEqual([]);
  });

  test('what cannot be opened changes nothing', () => {
    const drive = CdDrive.open(first);
    expect(() => drive.insert(join(folder, 'nowhere.iso'))).toThrow('no such file');
    expect([drive.medium, taken(new DriveBay(drive.seed, true))]).toEqual([first, 1]);
    drive.dispose();
  });

  test('an order is settled only once it is done', async () => {
    const drive = CdDrive.open(first);
    const bay = new DriveBay(drive.seed, true);
    let settled = false;
    const settling = drive.settled().then(() => {
      settled = true;
    });
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    bay.change((medium) => medium.dispose());
    await settling;
    drive.dispose();
  });
});
