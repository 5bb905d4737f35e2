import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryPieces } from '../../../src-main/base/memory-pieces.ts';
import type { BlockBackend, BlockRequest } from '../../../src-main/storage/block-backend.ts';
import { HostImageFile } from '../../../src-main/storage/image-file.ts';
import { openDisk } from '../../../src-main/storage/open-disk.ts';
import { RawDisk } from '../../../src-main/storage/raw/raw-disk.ts';
import { RingTransfers } from '../../../src-main/storage/ring-transfers.ts';
import { DirectTransfers } from '../../../src-main/storage/transfers.ts';
import { perform } from '../../support/disk-user.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('raw');

function image(name: string, size: number): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.alloc(size, 0xaa));
  return path;
}

const WAYS = {
  io_uring: () => RingTransfers.tryCreate()!,
  'preadv and pwritev': () => new DirectTransfers(),
};

describe.each(Object.entries(WAYS))('a raw disk through %s', (_way, transfers) => {
  function performing(path: string, readOnly: boolean, use: (disk: BlockBackend) => void): void {
    const disk = new RawDisk(HostImageFile.open(path, { readOnly }), transfers());
    try {
      use(disk);
    } finally {
      disk.dispose();
    }
  }

  it('reads and writes through several pieces of shared and WebAssembly memory', () => {
    const path = image('pieces', 64 * 1024);
    const shared = new Uint8Array(new SharedArrayBuffer(8192), 100, 5000).fill(1);
    const guest = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 77, 3000).fill(2);
    performing(path, false, (disk) => {
      expect(perform(disk, 'write', 4096, [shared, guest])).toBe('ok');
      const back = [new Uint8Array(new SharedArrayBuffer(6000)), new Uint8Array(2000)];
      expect(perform(disk, 'read', 4096, back)).toBe('ok');
      expect(Buffer.concat(back)).toEqual(Buffer.concat([shared, guest]));
    });
    const bytes = readFileSync(path);
    expect([bytes[4095], bytes[4096], bytes[9095], bytes[9096], bytes[12095], bytes[12096]]).toEqual([
      0xaa, 1, 1, 2, 2, 0xaa,
    ]);
  });

  it('more pieces than one system call takes are still one request', () => {
    const path = image('many', 64 * 1024);
    const buffers = Array.from({ length: 500 }, (_, i) => new Uint8Array(100).fill(i));
    performing(path, false, (disk) => {
      expect(perform(disk, 'write', 0, buffers)).toBe('ok');
    });
    expect(readFileSync(path).subarray(0, 50_000)).toEqual(Buffer.concat(buffers));
  });

  it('a size that is no whole number of sectors is rounded up; what is beyond the file reads as zeros', () => {
    const path = image('odd', 1000);
    performing(path, true, (disk) => {
      expect(disk.sizeBytes).toBe(1024);
      const back = new Uint8Array(512).fill(9);
      expect(perform(disk, 'read', 512, [back])).toBe('ok');
      expect([back[487], back[488], back[511]]).toEqual([0xaa, 0, 0]);
    });
  });

  it('discard and write-zeroes make a range read as zeros', () => {
    const path = image('zeros', 64 * 1024);
    performing(path, false, (disk) => {
      expect(perform(disk, 'discard', 4096, [], 4096)).toBe('ok');
      expect(perform(disk, 'write-zeroes', 16_384, [], 512)).toBe('ok');
      expect(perform(disk, 'flush', 0, [])).toBe('ok');
    });
    const expected = Buffer.alloc(64 * 1024, 0xaa)
      .fill(0, 4096, 8192)
      .fill(0, 16_384, 16_896);
    expect(readFileSync(path)).toEqual(expected);
  });

  it('refuses what is beyond the end, and writing to a read-only disk', () => {
    const path = image('refused', 4096);
    performing(path, true, (disk) => {
      expect(perform(disk, 'read', 4096, [new Uint8Array(1)])).toBe('failed');
      expect(perform(disk, 'read', -512, [new Uint8Array(512)])).toBe('failed');
      expect(perform(disk, 'write', 0, [new Uint8Array(512)])).toBe('read-only');
      expect(perform(disk, 'discard', 0, [], 512)).toBe('read-only');
    });
  });

  it('says plainly what is wrong with a path', () => {
    const open = (path: string) => () => openDisk({ path, format: 'raw', readOnly: false });
    expect(open(join(folder, 'none'))).toThrow(/none: no such file$/);
    expect(open(folder)).toThrow(/is a folder, not a disk image$/);
  });

  it('many requests at once, gathered between plug and unplug, all end, each with its own bytes', () => {
    const path = image('many-requests', 4 * 1024 * 1024);
    performing(path, false, (disk) => {
      let ended = 0;
      const done = (status: string): void => {
        expect(status).toBe('ok');
        ended++;
      };
      const requests = (op: 'read' | 'write', fill: number): BlockRequest[] =>
        Array.from({ length: 1000 }, (_, i) => {
          const halves = [fill * (i % 251), fill * (i % 7)].map((byte) => new Uint8Array(2048).fill(byte));
          return { op, offset: i * 4096, length: 4096, pieces: MemoryPieces.of(...halves), done };
        });
      const submit = (batch: readonly BlockRequest[]): void => {
        disk.plug();
        for (const request of batch) disk.submit(request);
        disk.unplug();
      };
      const writes = requests('write', 1);
      submit(writes);
      while (ended < 1000) disk.reap();
      const reads = requests('read', 0);
      submit(reads);
      while (ended < 2000) disk.reap();
      expect(reads.map(({ pieces }) => pieces.buffers)).toEqual(writes.map(({ pieces }) => pieces.buffers));
    });
  });
});
