import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BlockBackend } from '../../../../src-main/storage/block-backend.ts';
import { HostImageFile } from '../../../../src-main/storage/image-file.ts';
import { type CreateOptions, createQcow2 } from '../../../../src-main/storage/qcow2/create.ts';
import { perform, performing } from '../../../support/disk-user.ts';
import { need } from '../../../support/need.ts';
import { qemuCheck, qemuContent, qemuImg, qemuIo } from '../../../support/qemu-img.ts';
import { Random } from '../../../support/random.ts';
import { scratchFolder } from '../../../support/scratch.ts';

need('qemu-img');

const SIZE = 12 * 1024 * 1024 + 512;
const folder = scratchFolder('qcow2');
afterAll(() => rmSync(folder, { recursive: true }));

function create(name: string, options: Omit<CreateOptions, 'size'> & { size?: number } = {}): string {
  const path = join(folder, name);
  const file = HostImageFile.create(path);
  createQcow2(file, { size: SIZE, ...options });
  file.dispose();
  return path;
}

/** Bytes that compress somewhat. */
function patterned(seed: number, size: number): Buffer {
  const random = new Random(seed);
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const run = Math.min(size - at, 1 + random.below(30_000));
    bytes.fill(random.below(256), at, at + run);
    at += run + random.below(70_000);
  }
  return bytes;
}

interface Step {
  readonly op: 'write' | 'discard' | 'write-zeroes' | 'read' | 'flush';
  readonly offset: number;
  readonly length: number;
  readonly fill: number;
}

function steps(seed: number, count: number): Step[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const op = random.pick([
      'write',
      'write',
      'write',
      'write',
      'read',
      'read',
      'discard',
      'write-zeroes',
      'flush',
    ] as const);
    const most = random.pick([1, 8, 64, 700]);
    const length = 512 * (1 + random.below(most));
    const offset = 512 * random.below((SIZE - length) / 512 + 1);
    return { op, offset, length, fill: 1 + random.below(255) };
  });
}

/** Runs steps through our disk and checks every read against the model. */
function runOurs(path: string, model: Buffer, seed: number, count: number): void {
  performing({ path, format: 'qcow2', readOnly: false }, (disk) => {
    for (const { op, offset, length, fill } of steps(seed, count)) {
      if (op === 'read') {
        const halves = [Buffer.alloc(length >> 1), Buffer.alloc(length - (length >> 1))];
        expect(perform(disk, 'read', offset, halves)).toBe('ok');
        if (Buffer.compare(Buffer.concat(halves), model.subarray(offset, offset + length)) !== 0)
          expect.fail(`read of ${length} at ${offset} differs`);
      } else if (op === 'write') {
        const third = Math.floor(length / 3);
        const segments = [Buffer.alloc(third, fill), Buffer.alloc(length - third, fill)];
        expect(perform(disk, 'write', offset, segments)).toBe('ok');
        model.fill(fill, offset, offset + length);
      } else {
        expect(perform(disk, op, op === 'flush' ? 0 : offset, [], op === 'flush' ? 0 : length)).toBe('ok');
        // A discarded range may read as anything the disk likes; what it reads as from then on is what counts.
        if (op === 'discard') readInto(disk, model, offset, length);
        if (op === 'write-zeroes') model.fill(0, offset, offset + length);
      }
    }
  });
}

function readInto(disk: BlockBackend, model: Buffer, offset: number, length: number): void {
  const before = Buffer.from(model.subarray(offset, offset + length));
  const now = model.subarray(offset, offset + length);
  expect(perform(disk, 'read', offset, [now])).toBe('ok');
  for (let i = 0; i < length; i++)
    if (now[i] !== 0 && now[i] !== before[i]) expect.fail(`discard made up byte ${offset + i}`);
}

function runQemus(path: string, model: Buffer, seed: number, count: number): void {
  const commands: string[] = [];
  for (const { op, offset, length, fill } of steps(seed, count)) {
    if (op === 'write') {
      commands.push(`write -q -P ${fill} ${offset} ${length}`);
      model.fill(fill, offset, offset + length);
    } else if (op === 'write-zeroes' || op === 'discard') {
      commands.push(`write -q -z ${offset % 1024 === 0 ? '-u ' : ''}${offset} ${length}`);
      model.fill(0, offset, offset + length);
    } else if (op === 'flush') commands.push('flush');
  }
  qemuIo(path, commands);
}

function ourContent(path: string): Buffer {
  return performing({ path, format: 'qcow2', readOnly: true }, (disk) => {
    const content = Buffer.alloc(disk.sizeBytes);
    for (let at = 0; at < content.length; at += 1024 * 1024)
      expect(perform(disk, 'read', at, [content.subarray(at, at + 1024 * 1024)])).toBe('ok');
    return content;
  });
}

function same(what: string, left: Buffer, right: Buffer): void {
  expect(left.length, what).toBe(right.length);
  if (Buffer.compare(left, right) === 0) return;
  const at = left.findIndex((byte, i) => byte !== right[i]);
  expect.fail(`${what}: differs at ${at}: ${left[at]} and ${right[at]}`);
}

const IMAGES: Record<string, (name: string) => { path: string; content: Buffer }> = {
  'an image of ours': (name) => ({ path: create(name), content: Buffer.alloc(SIZE) }),
  'an image of ours with clusters of 512 bytes': (name) => ({
    path: create(name, { clusterBits: 9 }),
    content: Buffer.alloc(SIZE),
  }),
  'an image of ours with 1-bit reference counts': (name) => ({
    path: create(name, { clusterBits: 12, refcountOrder: 0 }),
    content: Buffer.alloc(SIZE),
  }),
  'an image of QEMU’s with 2 MiB clusters and 64-bit reference counts': (name) => {
    const path = join(folder, name);
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M,refcount_bits=64', path, String(SIZE));
    return { path, content: Buffer.alloc(SIZE) };
  },
  'an image of QEMU’s, version 2': (name) => {
    const path = join(folder, name);
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', path, String(SIZE));
    return { path, content: Buffer.alloc(SIZE) };
  },
  'an image of ours on a raw backing file': (name) => {
    const content = patterned(5, SIZE);
    writeFileSync(join(folder, `${name}.base`), content);
    return { path: create(name, { backing: { name: `${name}.base`, format: 'raw' } }), content };
  },
  'an image of ours on a compressed one of QEMU’s on a shorter raw one': (name) => {
    const content = patterned(6, SIZE - 3 * 1024 * 1024);
    writeFileSync(join(folder, `${name}.raw`), content);
    const base = join(folder, `${name}.base`);
    qemuImg('convert', '-q', '-c', '-O', 'qcow2', join(folder, `${name}.raw`), base);
    const full = Buffer.alloc(SIZE);
    content.copy(full);
    return { path: create(name, { clusterBits: 13, backing: { name: base, format: 'qcow2' } }), content: full };
  },
  'a zlib image of QEMU’s': (name) => compressedByQemu(name, 'zlib'),
  'a zstd image of QEMU’s': (name) => compressedByQemu(name, 'zstd'),
  'an image of QEMU’s with a snapshot inside': (name) => {
    const path = join(folder, name);
    qemuImg('create', '-q', '-f', 'qcow2', path, String(SIZE));
    const content = Buffer.alloc(SIZE);
    runQemus(path, content, 99, 100);
    qemuImg('snapshot', '-c', 'kept', path);
    return { path, content };
  },
};

function compressedByQemu(name: string, compression: string): { path: string; content: Buffer } {
  const content = patterned(7, SIZE);
  const path = join(folder, name);
  writeFileSync(`${path}.raw`, content);
  const options = ['-c', '-o', `compression_type=${compression}`];
  qemuImg('convert', '-q', '-f', 'raw', '-O', 'qcow2', ...options, `${path}.raw`, path);
  return { path, content };
}

describe('10,000 random operations, by turns ours and QEMU’s, read the same by both', () => {
  it.each(Object.entries(IMAGES))(
    '%s',
    (title, make) => {
      const { path, content: model } = make(`${title.replace(/\W+/g, '-')}.qcow2`);
      same('read by us, before', ourContent(path), model);
      for (let round = 0; round < 2; round++) {
        runOurs(path, model, 2 * round, 260);
        expect(qemuCheck(path), `round ${round}, after ours`).toMatchObject({ status: 0 });
        same('written by us, read by QEMU', qemuContent(path), model);
        runQemus(path, model, 2 * round + 1, 260);
        same('written by QEMU, read by us', ourContent(path), model);
      }
      expect(qemuCheck(path)).toMatchObject({ status: 0 });
    },
    120_000,
  );
});
