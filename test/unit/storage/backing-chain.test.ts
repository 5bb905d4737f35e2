import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { asFailure } from '../../../src-main/base/failure.ts';
import { allowedChain, backingChain } from '../../../src-main/storage/backing-chain.ts';
import type { BackingFile, DiskFormat } from '../../../src-main/storage/block-backend.ts';
import { makeImage } from '../../../src-main/storage/new-image.ts';
import { openDisk } from '../../../src-main/storage/open-disk.ts';
import { createQcow2 } from '../../../src-main/storage/qcow2/create.ts';
import { perform } from '../../support/disk-user.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MiB = 1 << 20;
const folder = temporaryFolder('backing');
const at = (name: string): string => join(folder, name);

/** The header extension that says what format the backing file has (qcow2.txt, "Backing file format name"). */
const FORMAT_EXTENSION = Buffer.from([0xe2, 0x79, 0x2a, 0xca]);

async function qcow2(name: string, backing?: { name: string; format?: string }): Promise<string> {
  const path = at(name);
  rmSync(path, { force: true });
  const named = backing && { name: backing.name, format: (backing.format ?? 'raw') as DiskFormat };
  await makeImage(path, (file) => createQcow2(file, { size: MiB, ...(named === undefined ? {} : { backing: named }) }));
  if (backing === undefined || backing.format !== undefined) return path;
  const bytes = readFileSync(path);
  bytes.fill(0x11, bytes.indexOf(FORMAT_EXTENSION), bytes.indexOf(FORMAT_EXTENSION) + FORMAT_EXTENSION.length);
  writeFileSync(path, bytes);
  return path;
}

/** A file of the host's that no guest is to see. */
const secret = at('secret');
const raw = at('base.img');
beforeAll(() => {
  writeFileSync(secret, Buffer.alloc(4096, 's'));
  writeFileSync(raw, Buffer.alloc(MiB, 'b'));
});

/** What a guest finds at the start of a disk opened with `backing` accepted; the failure's message where it is refused. */
function firstByte(path: string, backing: readonly BackingFile[]): string {
  const failure = failureIn(() => {
    const disk = openDisk({ path, format: 'qcow2', readOnly: true, backing });
    const byte = new Uint8Array(512);
    expect(perform(disk, 'read', 0, [byte])).toBe('ok');
    disk.dispose();
    found = String.fromCharCode(byte[0]!);
  });
  return failure ?? found;
}
let found = '';

function failureIn(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return asFailure(error).message;
  }
}

describe('what an image is based on', () => {
  test('is told file by file, with relative names from each image’s folder', async () => {
    mkdirSync(at('deep'), { recursive: true });
    await qcow2('deep/middle.qcow2', { name: '../base.img', format: 'raw' });
    const top = await qcow2('top.qcow2', { name: 'deep/middle.qcow2', format: 'qcow2' });
    const chain = [
      { path: at('deep/middle.qcow2'), format: 'qcow2' },
      { path: raw, format: 'raw' },
    ] as const;
    expect(backingChain(top, 'qcow2')).toEqual(chain);
    expect(backingChain(top, 'raw')).toEqual([]);
    expect(firstByte(top, chain)).toBe('b');
  });

  test('is refused where it is anything and nobody allowed it, with names and a way', async () => {
    const path = await qcow2('stranger.qcow2', { name: secret, format: 'raw' });
    expect(() => allowedChain(path, 'qcow2', false, 'HOW')).toThrow(
      `disk ${path}: shows what is in other files: ${secret} (raw)`,
    );
    expect(allowedChain(path, 'qcow2', true, 'HOW')).toEqual([{ path: secret, format: 'raw' }]);
    expect(allowedChain(await qcow2('alone.qcow2'), 'qcow2', false, 'HOW')).toEqual([]);
  });

  test.each([
    ['a pipe of a program', { name: 'nbd://host/disk' }, 'is not a file name'],
    ['a device', { name: '/dev/null', format: 'raw' }, 'is not a plain file'],
    ['a folder', { name: '.', format: 'raw' }, 'is not a plain file'],
    ['nothing', { name: 'nowhere', format: 'raw' }, 'is missing'],
    ['a format nobody knows', { name: 'base.img', format: 'vmdk' }, 'has the format vmdk'],
    ['itself', { name: 'wrong.qcow2', format: 'qcow2' }, 'is based on the image itself'],
  ])('%s is none', async (_what, backing, why) => {
    const path = await qcow2('wrong.qcow2', backing);
    expect(failureIn(() => backingChain(path, 'qcow2'))).toContain(why);
  });

  test('a circle through a symbolic link is seen', async () => {
    symlinkSync(at('round.qcow2'), at('link'));
    const path = await qcow2('round.qcow2', { name: 'link', format: 'qcow2' });
    expect(failureIn(() => backingChain(path, 'qcow2'))).toContain('is based on the image itself');
  });
});

describe('a disk that was accepted with what it is based on', () => {
  test('does not open what its header says besides', async () => {
    const path = await qcow2('disk.qcow2', { name: secret, format: 'raw' });
    expect(firstByte(path, [])).toContain(`is based on ${secret}; accepted for it was no backing file`);
    expect(firstByte(path, [{ path: raw, format: 'raw' }])).toContain(`accepted for it was ${raw} (raw)`);
    expect(firstByte(path, [{ path: secret, format: 'raw' }])).toBe('s');
  });

  test('does not open a file in another format than that', async () => {
    await qcow2('inner.qcow2', { name: secret, format: 'raw' });
    const path = await qcow2('outer.qcow2', { name: 'inner.qcow2', format: 'qcow2' });
    expect(firstByte(path, [{ path: at('inner.qcow2'), format: 'raw' }])).toContain('accepted for it was');
    // Nor further down than was accepted: what is there may have been written later.
    expect(firstByte(path, [{ path: at('inner.qcow2'), format: 'qcow2' }])).toContain(`is based on ${secret}`);
  });

  test('is refused too when it is based on less', async () => {
    const path = await qcow2('flat.qcow2');
    expect(firstByte(path, [{ path: raw, format: 'raw' }])).toContain('is based on no other file');
  });

  test('a format that was seen once is not seen again: the guest’s bytes in a raw file stay bytes', async () => {
    const base = at('written.img');
    writeFileSync(base, Buffer.alloc(MiB, 'w'));
    const path = await qcow2('over.qcow2', { name: 'written.img' });
    const chain = backingChain(path, 'qcow2');
    expect(chain).toEqual([{ path: base, format: 'raw' }]);
    await qcow2('written.img', { name: secret, format: 'raw' });
    expect(firstByte(path, chain)).toBe('Q');
    expect(failureIn(() => backingChain(path, 'qcow2'))).toContain('no format is given');
  });
});
