import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostImageFile } from '../../../../src-main/storage/image-file.ts';
import { makeEmptyImage } from '../../../../src-main/storage/new-image.ts';
import { diskSteps, SECTOR } from '../../../support/disk-plan.ts';
import { bundleWriter, killedWriter } from '../../../support/killed-writer.ts';
import { need } from '../../../support/need.ts';
import { qemuCheck, qemuContent } from '../../../support/qemu-img.ts';
import { scratchFolder } from '../../../support/scratch.ts';
import { SLOWNESS } from '../../../support/slowness.ts';

need('qemu-img');

const SIZE = 8 * 1024 * 1024;
const SECTORS = SIZE / SECTOR;
const KILLS = [
  [15, []],
  [150, ['long']],
] as const;
const KILL_MS = 2000;
const folder = scratchFolder('killed');
afterAll(() => rmSync(folder, { recursive: true }));

let writer: string;
beforeAll(async () => {
  writer = await bundleWriter('disk-writer');
});

/** The number of the last flush that a writer told of before it was killed. */
async function lastFlush(path: string, seed: number, afterMs: number): Promise<number> {
  const said = await killedWriter(writer, [path, `${seed}`, `${SECTORS}`], afterMs);
  return Number(said.trim().split('\n').at(-1));
}

/** What each sector may hold after a kill: what it had at the flush, or anything that may have come to it since. */
function mayHold(before: Uint32Array, seed: number, flushed: number, most: number): Map<number, Set<number>> {
  const since = new Map<number, Set<number>>();
  let number = 0;
  for (const step of diskSteps(seed, SECTORS)) {
    if (++number > most) return since;
    if (step.op === 'flush') continue;
    for (let sector = step.first; sector < step.first + step.sectors; sector++) {
      if (number < flushed) before[sector] = step.stamp;
      else since.set(sector, (since.get(sector) ?? new Set([before[sector]!])).add(step.stamp));
    }
  }
  return since;
}

describe('SIGKILL in the middle of writing to a qcow2 image', () => {
  for (const [kills, tags] of KILLS) {
    it(`${kills} times: clean or merely leaky, with all that was flushed`, {
      timeout: (60_000 + kills * KILL_MS) * SLOWNESS,
      tags: [...tags],
    }, async () => {
      const path = join(folder, `${kills}.qcow2`);
      makeEmptyImage(path, 'qcow2', SIZE);
      const content = new Uint32Array(SECTORS);
      for (let seed = 1; seed <= kills; seed++) {
        const flushed = await lastFlush(path, seed, (seed * 13) % 47);
        expect(flushed).toBeGreaterThan(0);
        // Whoever opens it waits for what the kernel still holds of the killed writer's; qemu-img would not.
        HostImageFile.open(path, { readOnly: true }).dispose();
        const verdict = qemuCheck(path);
        if (verdict.status !== 0 && verdict.status !== 3) expect.fail(`kill ${seed}: ${verdict.text}`);
        // It cannot have come further than some thousand steps in the time it had.
        const since = mayHold(content, seed, flushed, flushed + 5000);
        const found = qemuContent(path);
        for (let sector = 0; sector < SECTORS; sector++) {
          const stamp = found.readUInt32LE(sector * SECTOR);
          if (!(since.get(sector)?.has(stamp) ?? stamp === content[sector]))
            expect.fail(`kill ${seed}: sector ${sector} has ${stamp.toString(16)}`);
          content[sector] = stamp;
        }
      }
    });
  }
});
