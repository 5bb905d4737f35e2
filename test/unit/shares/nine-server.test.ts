import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { T } from '../../../src-main/shares/messages.ts';
import { NineClient, NineRefusal } from '../../support/nine-client.ts';
import { SLOWNESS } from '../../support/slowness.ts';

const { ENOENT, EEXIST, EPERM, EROFS, ENXIO, ENOTDIR, EINVAL, EBADF, EOPNOTSUPP } = os.constants.errno;

let base: string;
let shared: string;
let client: NineClient;
beforeEach(() => {
  base = mkdtempSync(join(os.tmpdir(), 'bh-9p-'));
  shared = join(base, 'shared');
  mkdirSync(join(shared, 'sub/deep'), { recursive: true });
  writeFileSync(join(shared, 'hello'), 'Hello, guest\n');
  writeFileSync(join(shared, 'sub/inner'), 'inside');
  writeFileSync(join(base, 'secret'), 'outside');
  client = new NineClient(shared);
});
afterEach(() => {
  client[Symbol.dispose]();
  rmSync(base, { recursive: true, force: true });
});

const refused = (act: () => unknown): number => {
  try {
    act();
  } catch (error) {
    if (error instanceof NineRefusal) return error.errno;
    throw error;
  }
  return 0;
};

describe('9P2000.L', () => {
  test('version(5): another dialect is unknown; a new version forgets every fid', () => {
    const fid = client.walk('hello');
    const answer = client.send(T.VERSION, (ask) => ask.u32(8192).text('9P2000.u'));
    expect([answer.u32(), answer.text()]).toEqual([8192, 'unknown']);
    expect(refused(() => client.attributes(fid))).toBe(EBADF);
  });

  test('walk, open, read: from the offset asked for, no more than asked for', () => {
    const fid = client.open(client.walk('sub', 'deep', '..', 'inner'));
    expect(client.read(fid)).toBe('inside');
    expect(client.read(fid, 2, 3)).toBe('sid');
    expect(client.read(fid, 100)).toBe('');
    expect(client.attributes(fid)).toMatchObject({ size: 6 });
  });

  test('walk(5): as far as it goes, with no new fid when that is not all the way', () => {
    const answer = client.send(T.WALK, (ask) => ask.u32(0).u32(50).u16(3).text('sub').text('none').text('x'));
    expect(answer.u16()).toBe(1);
    expect(refused(() => client.attributes(50))).toBe(EBADF);
    expect(refused(() => client.walk('none'))).toBe(ENOENT);
    expect(refused(() => client.walk('hello', 'x'))).toBe(ENOENT);
    expect(refused(() => client.send(T.WALK, (ask) => ask.u32(client.walk('hello')).u32(60).u16(1).text('x')))).toBe(
      ENOTDIR,
    );
  });

  test('a file is made, written and found on the host with its mode, without set-user-ID', () => {
    const fid = client.create(client.walk('sub'), 'new', 0o2, 0o4751);
    expect(client.write(fid, 'from the guest')).toBe(14);
    client.send(T.FSYNC, (ask) => ask.u32(fid).u32(0));
    expect(readFileSync(join(shared, 'sub/new'), 'utf8')).toBe('from the guest');
    expect(lstatSync(join(shared, 'sub/new')).mode & 0o7711).toBe(0o711);
    expect(refused(() => client.create(client.walk('sub'), 'new', 0o202))).toBe(EEXIST);
    expect(client.read(client.create(client.walk('sub'), 'new', 0o2))).toBe('from the guest');
  });

  test('directories: all names once, in portions of any size', () => {
    for (let i = 0; i < 40; i++) writeFileSync(join(shared, `sub/deep/file-${i}`), '');
    const names = client.list(client.open(client.walk('sub', 'deep')));
    expect(names.slice(0, 2)).toEqual(['.', '..']);
    expect(names.slice(2).sort()).toEqual(readdirSync(join(shared, 'sub/deep')).sort());
  });

  test('mkdir, rename, link, symlink, readlink, unlink', () => {
    client.send(T.MKDIR, (ask) => ask.u32(0).text('made').u32(0o755).u32(0));
    client.send(T.RENAMEAT, (ask) => ask.u32(0).text('hello').u32(client.walk('made')).text('moved'));
    expect(readFileSync(join(shared, 'made/moved'), 'utf8')).toBe('Hello, guest\n');
    client.send(T.LINK, (ask) => ask.u32(0).u32(client.walk('made', 'moved')).text('twin'));
    expect(lstatSync(join(shared, 'twin')).nlink).toBe(2);
    client.send(T.SYMLINK, (ask) => ask.u32(0).text('soft').text('/etc/passwd').u32(0));
    expect(readlinkSync(join(shared, 'soft'))).toBe('/etc/passwd');
    expect(client.send(T.READLINK, (ask) => ask.u32(client.walk('soft'))).text()).toBe('/etc/passwd');
    client.send(T.UNLINKAT, (ask) => ask.u32(0).text('soft').u32(0));
    client.send(T.UNLINKAT, (ask) => ask.u32(client.walk('made')).text('moved').u32(0));
    client.send(T.UNLINKAT, (ask) => ask.u32(0).text('made').u32(0x200));
    expect(readdirSync(shared).sort()).toEqual(['sub', 'twin']);
    client.send(T.REMOVE, (ask) => ask.u32(client.walk('twin')));
    const moving = client.walk('sub', 'inner');
    client.send(T.RENAME, (ask) => ask.u32(moving).u32(0).text('out'));
    expect(client.read(client.open(moving))).toBe('inside');
    expect(readdirSync(shared).sort()).toEqual(['out', 'sub']);
  });

  test('setattr: mode without set-user-ID, size, times', () => {
    const fid = client.walk('hello');
    client.send(T.SETATTR, (ask) => {
      ask.u32(fid).u32(1 | 8 | 0x10 | 0x20 | 0x80 | 0x100);
      ask.u32(0o6640).u32(0).u32(0).u64(5n).u64(1000n).u64(0n).u64(2000n).u64(0n);
    });
    const stat = lstatSync(join(shared, 'hello'));
    expect([stat.mode & 0o7777, stat.size, stat.atimeMs, stat.mtimeMs]).toEqual([0o640, 5, 1_000_000, 2_000_000]);
  });

  test('a file that is gone from the host can still be read by who has it', () => {
    const fid = client.open(client.walk('hello'));
    rmSync(join(shared, 'hello'));
    expect(client.read(fid)).toBe('Hello, guest\n');
  });

  test('what is not done says so', () => {
    expect(refused(() => client.send(30, (ask) => ask.u32(0).u32(9).text('user.x')))).toBe(EOPNOTSUPP);
  });
});

describe('nothing outside the folder is reached', () => {
  test('`..` of the folder is the folder', () => {
    const names = client.list(client.open(client.walk('..', '..', 'sub', '..', '..')));
    expect(names).toContain('hello');
    expect(names).not.toContain('secret');
  });

  test.each(['../secret', 'sub/../../secret', '/etc/passwd', 'sub/inner', '', 'a\0b'])(
    'the name %j is no name of an entry',
    (name) => {
      expect(refused(() => client.walk(name))).toBeGreaterThan(0);
      expect(refused(() => client.create(client.walk(), name))).toBeGreaterThan(0);
      expect(refused(() => client.send(T.MKDIR, (ask) => ask.u32(0).text(name).u32(0o755).u32(0)))).toBeGreaterThan(0);
      expect(refused(() => client.send(T.UNLINKAT, (ask) => ask.u32(0).text(name).u32(0)))).toBeGreaterThan(0);
      const sub = client.walk('sub');
      expect(refused(() => client.send(T.RENAMEAT, (ask) => ask.u32(0).text('hello').u32(sub).text(name)))).not.toBe(0);
      expect(refused(() => client.send(T.LINK, (ask) => ask.u32(sub).u32(client.walk('hello')).text(name)))).not.toBe(
        0,
      );
      expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('outside');
    },
  );

  test('`.` and `..` cannot be made or removed', () => {
    for (const name of ['.', '..']) {
      expect(refused(() => client.create(client.walk(), name))).toBe(EEXIST);
      expect(refused(() => client.send(T.UNLINKAT, (ask) => ask.u32(0).text(name).u32(0x200)))).toBe(EEXIST);
    }
  });

  test('symbolic links are read, never followed', () => {
    symlinkSync('../secret', join(shared, 'link'));
    symlinkSync('/', join(shared, 'root'));
    expect(refused(() => client.open(client.walk('link')))).toBe(ENXIO);
    expect(refused(() => client.walk('root', 'etc'))).toBe(ENOENT);
    expect(refused(() => client.create(client.walk(), 'link', 0o1002))).toBe(EEXIST);
    expect(refused(() => client.create(client.walk('root'), 'x'))).toBe(ENOTDIR);
    expect(refused(() => client.open(client.walk('root')))).toBe(ENXIO);
    const set = (valid: number) => () =>
      client.send(T.SETATTR, (ask) => {
        ask.u32(client.walk('link')).u32(valid).u32(0o777).u32(1).u32(1).u64(0n).u64(0n).u64(0n).u64(0n).u64(0n);
      });
    expect([refused(set(1)), refused(set(8))]).toEqual([EPERM, EINVAL]);
    const before = lstatSync(join(base, 'secret'));
    set(0x10 | 0x20)();
    expect(lstatSync(join(base, 'secret'))).toEqual(before);
    expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('outside');
  });

  test('a folder moved out of the shared one leads back into that, not to where it is now', () => {
    const deep = client.walk('sub', 'deep');
    renameSync(join(shared, 'sub/deep'), join(base, 'deep'));
    const up = () => client.send(T.WALK, (ask) => ask.u32(deep).u32(99).u16(2).text('..').text('..'));
    up();
    expect(client.list(client.open(99))).not.toContain('secret');
  });

  test('a link put in the place of a folder meanwhile is not followed', () => {
    renameSync(join(shared, 'sub'), join(shared, 'was'));
    symlinkSync('..', join(shared, 'sub'));
    expect(refused(() => client.walk('sub', 'secret'))).toBe(ENOENT);
  });

  test('fifos and sockets do not stop us, devices are not made', () => {
    execFileSync('mkfifo', [join(shared, 'pipe')]);
    expect(refused(() => client.open(client.walk('pipe')))).toBe(ENXIO);
    const make = (mode: number) => () =>
      client.send(T.MKNOD, (ask) => ask.u32(0).text('node').u32(mode).u32(1).u32(3).u32(0));
    expect([refused(make(0o020666)), refused(make(0o060666))]).toEqual([EPERM, EPERM]);
    expect(existsSync(join(shared, 'node'))).toBe(false);
  });

  test('a read-only folder stays as it is', () => {
    using guest = new NineClient(shared, true);
    expect(guest.read(guest.open(guest.walk('hello')))).toContain('Hello');
    expect(refused(() => guest.open(guest.walk('hello'), 1))).toBe(EROFS);
    expect(refused(() => guest.open(guest.walk('hello'), 0o1000))).toBe(EROFS);
    expect(refused(() => guest.create(guest.walk(), 'x'))).toBe(EROFS);
    expect(refused(() => guest.send(T.UNLINKAT, (ask) => ask.u32(0).text('hello').u32(0)))).toBe(EROFS);
    expect(readdirSync(shared).sort()).toEqual(['hello', 'sub']);
  });
});

describe('a hostile guest', () => {
  test('8192 fids are enough; the host’s descriptors come back', () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    let made = 0;
    const errno = refused(() => {
      for (;;) {
        client.walk('hello');
        made++;
      }
    });
    expect([made, errno]).toEqual([8191, os.constants.errno.EMFILE]);
    client.server.reset();
    expect(open()).toBeLessThanOrEqual(before);
  });

  test('100000 random messages: every one answered or dropped, nothing outside touched, no descriptor lost', {
    timeout: 300_000 * SLOWNESS,
  }, () => {
    const types = Object.values(T);
    const name = fc.constantFrom('hello', 'sub', 'deep', '..', '.', 'x', '../secret', '/', 'a\0', '');
    const field = fc.oneof(
      fc.record({ bytes: fc.constant(4), value: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(0xffff_ffff)) }),
      fc.record({ bytes: fc.constantFrom(1, 2, 8), value: fc.integer({ min: 0, max: 0x1fff }) }),
      name,
    );
    const message = fc.record({
      type: fc.oneof(fc.constantFrom(...types), fc.integer({ min: 0, max: 255 })),
      fields: fc.array(field, { maxLength: 7 }),
      size: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 64 }), fc.constant(0xffff_ffff)),
    });
    const request = new Uint8Array(1024);
    const view = new DataView(request.buffer);
    let sent = 0;
    const before = readdirSync('/proc/self/fd').length;
    fc.assert(
      fc.property(fc.infiniteStream(message), (messages) => {
        for (let i = 0; i < 100; i++) {
          const { type, fields, size } = messages.next().value as typeof message extends fc.Arbitrary<infer M>
            ? M
            : never;
          let at = 7;
          for (const each of fields) {
            if (typeof each === 'string') {
              view.setUint16(at, each.length, true);
              request.set(Buffer.from(each, 'latin1'), at + 2);
              at += 2 + each.length;
            } else {
              if (each.bytes === 8) view.setBigUint64(at, BigInt(each.value), true);
              else if (each.bytes === 4) view.setUint32(at, each.value, true);
              else if (each.bytes === 2) view.setUint16(at, each.value, true);
              else view.setUint8(at, each.value);
              at += each.bytes;
            }
          }
          view.setUint32(0, size < 0 ? at : size, true);
          view.setUint8(4, type);
          const answer = client.raw(request.subarray(0, at));
          expect(answer.length).toBeGreaterThanOrEqual(7);
          sent++;
        }
      }),
      { numRuns: 1000 },
    );
    expect(sent).toBe(100_000);
    client.server.reset();
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
    expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('outside');
    expect(readdirSync(base).sort()).toEqual(['secret', 'shared']);
  });
});
