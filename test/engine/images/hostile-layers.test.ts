/** Layers from strangers: whatever an archive tries, nothing outside its folder changes, and it is refused or contained. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { TarReader } from '../../../src-main/containers/archive/tar-reader.ts';
import { tarEnd, tarHeader, tarPadding, type WrittenEntry } from '../../../src-main/containers/archive/tar-writer.ts';
import { removeFolder } from '../../../src-main/containers/rootfs/remove-folders.ts';
import { defaultTreeLimits, type TreeLimits } from '../../../src-main/containers/rootfs/tree-limits.ts';
import { TreeWriter } from '../../../src-main/containers/rootfs/tree-writer.ts';
import { Fd, O } from '../../../src-main/linux/fd.ts';
import { need } from '../../support/need.ts';

type Part = Partial<WrittenEntry> & { readonly name: string; readonly text?: string };

const tar = (...parts: readonly Part[]): Buffer =>
  Buffer.concat([
    ...parts.flatMap(({ text = '', ...part }) => {
      const data = Buffer.from(text);
      const entry: WrittenEntry = {
        type: 'file',
        link: '',
        mode: 0o644,
        uid: 0,
        gid: 0,
        size: data.length,
        seconds: 1,
        nanoseconds: 0,
        deviceMajor: 0,
        deviceMinor: 0,
        xattrs: new Map(),
        ...part,
      };
      return [tarHeader(entry), data, tarPadding(data.length)];
    }),
    tarEnd(),
  ]);

describe('hostile layers', () => {
  need('root');
  const folder = mkdtempSync(join(tmpdir(), 'bh-hostile-'));
  const root = join(folder, 'root');
  const outside = join(folder, 'outside');

  beforeEach(() => {
    rmSync(root, { recursive: true, force: true });
    rmSync(outside, { recursive: true, force: true });
    mkdirSync(root);
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'untouched');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function unpack(
    archive: Buffer,
    options: { limits?: TreeLimits; overLayers?: boolean; devices?: boolean } = {},
  ): TreeWriter {
    const fd = Fd.open(root, O.RDONLY);
    const { limits = defaultTreeLimits, overLayers = false, devices = true } = options;
    const writer = new TreeWriter({ root: fd.number, overLayers, whiteouts: true, devices, limits });
    try {
      const reader = new TarReader(writer);
      reader.push(archive);
      reader.finish();
      writer.finish();
      return writer;
    } finally {
      writer.dispose();
      fd.dispose();
    }
  }

  function expectOutsideUntouched(): void {
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('untouched');
    expect(readdirSync(folder).sort()).toEqual(['outside', 'root']);
  }

  const contained: [string, readonly Part[], string][] = [
    ['an absolute name lands in the root', [{ name: '/etc/absolute', text: 'x' }], 'etc/absolute'],
    ['.. within the root is taken as it reads', [{ name: 'a/../b', text: 'x' }], 'b'],
    [
      'a link out, then a file through it, stays in the root',
      [
        { name: 'out', type: 'symlink', link: '/../../outside' },
        { name: 'outside/', type: 'directory', mode: 0o755 },
        { name: 'out/planted', text: 'x' },
      ],
      'outside/planted',
    ],
    [
      'a relative link that climbs stays in the root',
      [
        { name: 'outside/', type: 'directory', mode: 0o755 },
        { name: 'a/b/', type: 'directory', mode: 0o755 },
        { name: 'a/b/up', type: 'symlink', link: '../../../../outside' },
        { name: 'a/b/up/planted', text: 'x' },
      ],
      'outside/planted',
    ],
    [
      'a file in place of a link replaces the link, not what it points to',
      [
        { name: 'link', type: 'symlink', link: '/outside/secret' },
        { name: 'link', text: 'x' },
      ],
      'link',
    ],
    [
      'a hard link by an absolute name is within the root',
      [
        { name: 'a', text: 'x' },
        { name: 'b', type: 'hardlink', link: '/a' },
      ],
      'b',
    ],
  ];
  for (const [what, parts, path] of contained) {
    test(what, () => {
      unpack(tar(...parts));
      expectOutsideUntouched();
      expect(lstatSync(join(root, path)).isFile()).toBe(true);
      expect(readFileSync(join(root, path), 'utf8')).toBe('x');
    });
  }

  const refused: [string, readonly Part[], RegExp][] = [
    ['a name that climbs out', [{ name: '../outside/secret', text: 'x' }], /leads out of the root/],
    ['a name that climbs out further on', [{ name: 'a/../../outside/secret', text: 'x' }], /leads out of the root/],
    ['a hard link out', [{ name: 'a', type: 'hardlink', link: '../outside/secret' }], /leads out of the root/],
    [
      'a hard link to a file outside by its full name',
      [{ name: 'a', type: 'hardlink', link: join(outside, 'secret') }],
      /hard link to nothing/,
    ],
    [
      'a hard link through a link out',
      [
        { name: 'out', type: 'symlink', link: outside },
        { name: 'a', type: 'hardlink', link: 'out/secret' },
      ],
      /hard link to nothing/,
    ],
    [
      'something below a link to nowhere',
      [
        { name: 'out', type: 'symlink', link: '/nowhere' },
        { name: 'out/x', text: 'x' },
      ],
      /link to nowhere/,
    ],
    [
      'something below a link in a circle',
      [
        { name: 'l', type: 'symlink', link: 'l' },
        { name: 'l/x', text: 'x' },
      ],
      /circle/,
    ],
    [
      'something below a file',
      [
        { name: 'f', text: '' },
        { name: 'f/x', text: 'x' },
      ],
      /is no folder/,
    ],
    ['a root that is a link', [{ name: './', type: 'symlink', link: outside }], /is the root/],
    ["an overlay's own whiteout", [{ name: 'w', type: 'character' }], /overlay whiteout/],
    ['a whiteout of ..', [{ name: 'a/.wh...', text: '' }], /whiteout of nothing/],
    ['a whiteout of .', [{ name: 'a/.wh..', text: '' }], /whiteout of nothing/],
    ['a name longer than any file system has', [{ name: 'n'.repeat(300), text: '' }], /too long a name/],
  ];
  for (const [what, parts, why] of refused) {
    test(`${what} is refused`, () => {
      expect(() => unpack(tar(...parts))).toThrow(why);
      expectOutsideUntouched();
    });
  }

  test('a whiteout through a link out removes nothing outside', () => {
    unpack(
      tar({ name: 'out', type: 'symlink', link: outside }, { name: 'out/.wh.secret' }, { name: 'out/.wh..wh..opq' }),
      { overLayers: true },
    );
    expectOutsideUntouched();
  });

  test('replacing a folder with a link to outside deletes only the folder', () => {
    mkdirSync(join(root, 'd'));
    symlinkSync(outside, join(root, 'd/deep'));
    unpack(tar({ name: 'd', type: 'symlink', link: outside }));
    expectOutsideUntouched();
  });

  test("overlayfs' own notes do not get into a layer", () => {
    const xattrs = new Map([
      ['trusted.overlay.redirect', Buffer.from('/outside')],
      ['user.overlay.opaque', Buffer.from('y')],
      ['user.kept', Buffer.from('z')],
    ]);
    unpack(tar({ name: 'd', type: 'directory', mode: 0o755, xattrs }));
    const names = execFileSync('getfattr', ['-d', '-m', '-', join(root, 'd')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(names).toContain('user.kept');
    expect(names).not.toContain('overlay');
  });

  test('without the right to make devices they are left out and counted', () => {
    const writer = unpack(
      tar(
        { name: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3 },
        { name: 'sda', type: 'block', deviceMajor: 8 },
      ),
      { devices: false },
    );
    expect(writer.skippedDevices).toBe(2);
    expect(readdirSync(root)).toEqual([]);
  });

  test('a bomb of bytes, of holes and of files stops at its limit', () => {
    const limits = { storedBytes: 1000, apparentBytes: 5000, entries: 3 };
    expect(() =>
      unpack(tar({ name: 'a', text: 'x'.repeat(600) }, { name: 'b', text: 'x'.repeat(600) }), { limits }),
    ).toThrow(/room for/);
    const sparse = execFileSync(
      'bash',
      ['-c', 'cd "$0" && truncate -s 1T huge && tar --sparse -cf - huge && rm huge', outside],
      { maxBuffer: 1 << 20 },
    );
    expect(() => unpack(sparse, { limits })).toThrow(/more than 5000 bytes/);
    unpack(sparse);
    expect(lstatSync(join(root, 'huge')).blocks).toBeLessThan(64);
    expect(() => unpack(tar(...['a', 'b', 'c', 'd'].map((name) => ({ name }))), { limits })).toThrow(
      /more than 3 files/,
    );
  });

  test('folders nested beyond any path are deleted', () => {
    execFileSync('python3', ['-c', 'import os\nfor i in range(300):\n os.mkdir("d"*50)\n os.chdir("d"*50)'], {
      cwd: root,
    });
    removeFolder(root);
    expect(existsSync(root)).toBe(false);
    expect(readdirSync(folder)).toEqual(['outside']);
  });
});
