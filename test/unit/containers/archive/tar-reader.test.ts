import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { TarEntry } from '../../../../src-main/containers/archive/tar-entry.ts';
import { TarReader } from '../../../../src-main/containers/archive/tar-reader.ts';
import {
  tarEnd,
  tarHeader,
  tarPadding,
  type WrittenEntry,
} from '../../../../src-main/containers/archive/tar-writer.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

interface Read {
  readonly entry: TarEntry;
  readonly data: Buffer;
}

/** Reads an archive in pieces of the given length; holes read as zeros. */
function read(archive: Buffer, piece = archive.length): Read[] {
  const found: Read[] = [];
  let data = Buffer.alloc(0);
  const reader = new TarReader({
    entry: (entry) => {
      data = Buffer.alloc(entry.size);
      found.push({ entry, data });
    },
    data: (bytes, offset) => void bytes.copy(data, offset),
    end: () => undefined,
  });
  for (let at = 0; at < archive.length; at += piece) reader.push(archive.subarray(at, at + piece));
  reader.finish();
  return found;
}

const plain: WrittenEntry = {
  type: 'file',
  name: 'a',
  link: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  seconds: 1,
  nanoseconds: 0,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
};

const archiveOf = (entry: WrittenEntry, data: Buffer): Buffer =>
  Buffer.concat([tarHeader({ ...entry, size: data.length }), data, tarPadding(data.length), tarEnd()]);

describe('tar', () => {
  const folder = temporaryFolder('tar');
  const content = Buffer.alloc(300_000);
  content.write('begin');
  content.write('middle', 150_000);

  beforeAll(() => {
    mkdirSync(join(folder, 'tree'));
    writeFileSync(join(folder, 'tree/sparse'), content.subarray(0, 5));
    truncateSync(join(folder, 'tree/sparse'), 200_000);
    execFileSync('dd', ['conv=notrunc', 'status=none', 'bs=1', 'seek=150000', `of=${join(folder, 'tree/sparse')}`], {
      input: 'middle',
    });
    truncateSync(join(folder, 'tree/sparse'), 300_000);
    writeFileSync(join(folder, 'tree', 'n'.repeat(200)), 'long name');
    symlinkSync('l'.repeat(150), join(folder, 'tree/link'));
  });
  const pack = (...options: string[]): Buffer =>
    execFileSync('tar', [...options, '--sort=name', '-C', join(folder, 'tree'), '-cf', '-', '.']);

  for (const format of [
    ['--format=gnu'],
    ['--format=gnu', '--sparse', '--hole-detection=raw'],
    ['--format=posix'],
    ['--format=posix', '--sparse', '--sparse-version=0.0', '--hole-detection=raw'],
    ['--format=posix', '--sparse', '--sparse-version=0.1', '--hole-detection=raw'],
    ['--format=posix', '--sparse', '--sparse-version=1.0', '--hole-detection=raw'],
  ]) {
    test(`what GNU tar writes with ${format.join(' ')} is read, in pieces of any length`, () => {
      const archive = pack(...format);
      for (const piece of [archive.length, 10_240, 512, 97]) {
        const found = read(archive, piece);
        expect(found.map(({ entry }) => entry.name)).toEqual(['./', './link', `./${'n'.repeat(200)}`, './sparse']);
        expect(found[1]!.entry.link).toBe('l'.repeat(150));
        expect(found[2]!.data.toString()).toBe('long name');
        expect(found[3]!.data.equals(content)).toBe(true);
        expect(found[3]!.entry.extents !== undefined).toBe(format.includes('--sparse'));
      }
    });
  }

  test('what is written is read again, whatever the names, numbers and times', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 400 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte))).toString('latin1'));
    const entry = fc.record({
      name,
      uid: fc.nat(0xffff_fffe),
      seconds: fc.integer({ min: -1e9, max: 1e11 }),
      nanoseconds: fc.nat(999_999_999),
      data: fc.uint8Array({ maxLength: 2000 }),
      xattr: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(entry, ({ data, xattr, ...rest }) => {
        const written = { ...plain, ...rest, gid: rest.uid, xattrs: new Map([['user.x', Buffer.from(xattr)]]) };
        const [found] = read(archiveOf(written, Buffer.from(data)), 100);
        expect(found!.entry).toMatchObject({ ...rest, gid: rest.uid, size: data.length });
        expect(found!.entry.xattrs.get('user.x')).toEqual(Buffer.from(xattr));
        expect(found!.data).toEqual(Buffer.from(data));
      }),
    );
  });

  test('the system tar reads what is written', () => {
    const name = `${'deep/'.repeat(40)}file`;
    const archive = archiveOf({ ...plain, name, uid: 3_000_000, nanoseconds: 500_000_000 }, Buffer.from('x'));
    const listed = execFileSync('tar', ['--numeric-owner', '--full-time', '-tvf', '-'], {
      input: archive,
      encoding: 'utf8',
    });
    expect(listed).toContain(name);
    expect(listed).toContain('3000000/0');
  });

  const refusals: [string, (archive: Buffer) => Buffer][] = [
    [
      'a damaged header',
      (archive) => {
        archive[0] = archive[0]! ^ 1;
        return archive;
      },
    ],
    ['an archive cut short in a file', (archive) => archive.subarray(0, 600)],
    [
      'a header longer than anybody needs',
      () => tarHeader({ ...plain, name: 'x', xattrs: new Map([['user.x', Buffer.alloc(2 << 20)]]) }),
    ],
  ];
  for (const [what, spoil] of refusals) {
    test(`${what} is refused`, () => {
      expect(() => read(spoil(archiveOf(plain, Buffer.alloc(2000, 1))))).toThrow(/^archive: /);
    });
  }

  test('garbage never does anything but be refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 4096 }), fc.nat(511), (bytes, at) => {
        const archive = archiveOf({ ...plain, xattrs: new Map([['user.x', Buffer.from('y')]]) }, Buffer.from('data'));
        archive.set(bytes.subarray(0, archive.length - at), at);
        try {
          read(archive);
        } catch (error) {
          expect((error as Error).message).toMatch(/^archive: /);
        }
      }),
    );
  });
});
