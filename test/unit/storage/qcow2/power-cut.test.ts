import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openQcow2Disk } from '../../../../src-main/storage/open-disk.ts';
import { checkImage } from '../../../../src-main/storage/qcow2/check.ts';
import { type CreateOptions, createQcow2 } from '../../../../src-main/storage/qcow2/create.ts';
import { DirectTransfers } from '../../../../src-main/storage/transfers.ts';
import { SECTOR, stampedSectors } from '../../../support/disk-plan.ts';
import { perform } from '../../../support/disk-user.ts';
import { need } from '../../../support/need.ts';
import { qemuCheck } from '../../../support/qemu-img.ts';
import { Random } from '../../../support/random.ts';
import { RecordedFile } from '../../../support/recorded-file.ts';
import { scratchFolder } from '../../../support/scratch.ts';
import { SLOWNESS } from '../../../support/slowness.ts';

need('qemu-img');

const SIZE = 1024 * 1024;
const OPERATIONS = 150;
/** For each of the four workloads below: as many as take seconds, and as many as make a thousand. */
const CUTS = [
  [20, []],
  [250, ['long']],
] as const;
/** Each is checked by a process of qemu-img. */
const CUT_MS = 2000;
const folder = scratchFolder('power-cut');
afterAll(() => rmSync(folder, { recursive: true }));

const BACKING = [{ path: join(folder, 'base.raw'), format: 'raw' }] as const;

/** What a sector has been: from which change on, and the stamp its words have. */
type History = { change: number; stamp: number }[];

interface Run {
  readonly file: RecordedFile;
  readonly histories: History[];
  /** For each flush that was done: how many changes there were when it was asked for, and when it was done. */
  readonly flushes: { asked: number; done: number }[];
  readonly created: number;
}

/** A random workload on an image with `options`, with everything that reached its file. */
function record(name: string, seed: number, options: Omit<CreateOptions, 'size'>, base: Buffer | undefined): Run {
  const file = new RecordedFile(join(folder, `${name}.qcow2`));
  createQcow2(file, { size: SIZE, ...options });
  const created = file.changes.length;
  const disk = openQcow2Disk(file, new DirectTransfers(), base === undefined ? [] : BACKING);
  const histories = Array.from(
    { length: SIZE / SECTOR },
    (_, i): History => [{ change: 0, stamp: base?.readUInt32LE(i * SECTOR) ?? 0 }],
  );
  const flushes: Run['flushes'] = [];
  const random = new Random(seed);
  for (let i = 1; i <= OPERATIONS; i++) {
    const op = random.pick(['write', 'write', 'write', 'write', 'discard', 'write-zeroes', 'flush'] as const);
    const sectors = 1 + random.below(random.pick([1, 8, 300]));
    const first = random.below(SIZE / SECTOR - sectors);
    const asked = file.changes.length;
    const bytes = Buffer.concat(Array.from({ length: sectors }, (_, j) => stampedSectors(i * 4096 + j + 1, 1)));
    if (op === 'flush') {
      expect(perform(disk, 'flush', 0, [])).toBe('ok');
      flushes.push({ asked, done: file.changes.length });
      continue;
    }
    if (op === 'write') expect(perform(disk, 'write', first * SECTOR, [bytes])).toBe('ok');
    else expect(perform(disk, op, first * SECTOR, [], sectors * SECTOR)).toBe('ok');
    const now = Buffer.alloc(sectors * SECTOR);
    expect(perform(disk, 'read', first * SECTOR, [now])).toBe('ok');
    for (let j = 0; j < sectors; j++)
      histories[first + j]!.push({ change: asked, stamp: now.readUInt32LE(j * SECTOR) });
  }
  disk.dispose();
  return { file, histories, flushes, created };
}

/** The stamps a sector may have after a cut: the one it was last flushed with, or any it got since. */
function allowed(history: History, cut: number, flushedUpTo: number): Set<number> {
  let from = 0;
  history.forEach(({ change }, i) => {
    if (change < flushedUpTo) from = i;
  });
  return new Set(history.filter(({ change }, i) => i >= from && change < cut).map(({ stamp }) => stamp));
}

const WORKLOADS: Record<string, { options: Omit<CreateOptions, 'size'>; based?: boolean }> = {
  'clusters of 64 KiB': { options: {} },
  'clusters of 4 KiB': { options: { clusterBits: 12 } },
  'clusters of 512 bytes': { options: { clusterBits: 9 } },
  'on a backing file': { options: { clusterBits: 14, backing: { name: 'base.raw', format: 'raw' } }, based: true },
};

describe('whenever the power goes, the image is clean or merely leaky, and has what was flushed', () => {
  const base = Buffer.concat(Array.from({ length: SIZE / SECTOR }, (_, i) => stampedSectors(0x4000_0000 + i, 1)));
  writeFileSync(join(folder, 'base.raw'), base);

  for (const [cuts, tags] of CUTS) {
    const limits = { timeout: (60_000 + cuts * CUT_MS) * SLOWNESS, tags: [...tags] };
    it.each(Object.entries(WORKLOADS))(`${cuts} cuts: %s`, limits, (name, { options, based }) => {
      const run = record(name, name.length, options, based ? base : undefined);
      const random = new Random(77);
      const cutAt = join(folder, 'cut.qcow2');
      let leaky = 0;
      for (let i = 0; i < cuts; i++) {
        const cut = run.created + random.below(run.file.changes.length - run.created + 1);
        const image = run.file.afterCut(cut, random);
        writeFileSync(cutAt, image);
        const verdict = qemuCheck(cutAt);
        if (verdict.status !== 0 && verdict.status !== 3) expect.fail(`cut after ${cut} changes: ${verdict.text}`);
        const file = new RecordedFile(cutAt, true, image);
        const ours = checkImage(file);
        expect(ours.corruptions, ours.problems.join('; ')).toBe(0);
        expect(ours.leaks > 0, `our checker agrees: ${verdict.text}`).toBe(verdict.status === 3);
        if (ours.leaks > 0) leaky++;
        const disk = openQcow2Disk(file, new DirectTransfers(), based ? BACKING : []);
        const content = Buffer.alloc(SIZE);
        expect(perform(disk, 'read', 0, [content])).toBe('ok');
        const flushedUpTo = Math.max(0, ...run.flushes.filter(({ done }) => done <= cut).map(({ asked }) => asked));
        run.histories.forEach((history, sector) => {
          const bytes = content.subarray(sector * SECTOR, (sector + 1) * SECTOR);
          const stamp = bytes.readUInt32LE(0);
          if (!allowed(history, cut, flushedUpTo).has(stamp) || !bytes.equals(stampedSectors(stamp, 1)))
            expect.fail(`cut after ${cut} changes: sector ${sector} has ${stamp.toString(16)}`);
        });
        disk.dispose();
      }
      // Cuts that hit nothing would prove nothing.
      expect(leaky).toBeGreaterThan(0);
    });
  }
});
