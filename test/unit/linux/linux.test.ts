import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fd, O, whyNotOpen } from '../../../src-main/linux/fd.ts';
import { tryLockFile } from '../../../src-main/linux/file-lock.ts';
import { SystemCallFailure } from '../../../src-main/linux/libc.ts';
import { PAGE_SIZE, SharedPages } from '../../../src-main/linux/memory.ts';
import { currentThreadId, installKickSignal, kickThread } from '../../../src-main/linux/thread.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('linux');

function failureOf(body: () => unknown): SystemCallFailure {
  try {
    body();
  } catch (error) {
    if (error instanceof SystemCallFailure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('file descriptors', () => {
  it('errors carry the call, the errno’s name and the object', () => {
    const missing = join(folder, 'missing');
    const failure = failureOf(() => Fd.open(missing, O.RDONLY));
    expect([failure.call, failure.errnoName, failure.object]).toEqual(['open', 'ENOENT', missing]);
    expect(failure.message).toBe(`${missing}: open failed with ENOENT (No such file or directory)`);
    expect(failure.failureClass).toBe('host');
  });

  it('an ioctl the object does not know fails by its name', () => {
    using fd = disposing(Fd.open('/dev/null', O.RDWR));
    expect(failureOf(() => fd.it.ioctl('KVM_RUN', 0xae80))).toMatchObject({ call: 'KVM_RUN', errnoName: 'ENOTTY' });
  });

  it('close once: a second dispose does not touch whoever has the number now', () => {
    const first = Fd.open('/dev/null', O.RDONLY);
    first.dispose();
    using second = disposing(Fd.open('/proc/self/stat', O.RDONLY));
    expect(second.it.number).toBe(first.number);
    first.dispose();
    expect(readFileSync(`/proc/self/fdinfo/${second.it.number}`, 'utf8')).toContain('flags');
  });

  it('are not inherited by children (O_CLOEXEC)', () => {
    using fd = disposing(Fd.open('/dev/null', O.RDONLY));
    expect(readFileSync(`/proc/self/fdinfo/${fd.it.number}`, 'utf8')).toMatch(/flags:\s+02\d{6}/);
  });

  it('whyNotOpen names the reason, or none', () => {
    expect(whyNotOpen('/dev/null', O.RDWR)).toBeUndefined();
    expect(whyNotOpen(join(folder, 'missing'), O.RDONLY)).toBe('ENOENT');
    expect(whyNotOpen(folder, O.RDWR)).toBe('EISDIR');
  });
});

describe('file locks (flock(2))', () => {
  it('exclude each other until disposed, also within one process', () => {
    const path = join(folder, 'lock');
    const first = tryLockFile(path)!;
    expect(tryLockFile(path)).toBeNull();
    first.dispose();
    const second = tryLockFile(path)!;
    expect(second).not.toBeNull();
    first.dispose();
    expect(tryLockFile(path)).toBeNull();
    second.dispose();
  });
});

describe('shared pages', () => {
  it('lie on their alignment, zeroed, and come back zeroed when discarded', () => {
    const pages = SharedPages.allocate(16 * PAGE_SIZE, 'test', 2 << 20);
    expect(pages.address % BigInt(2 << 20)).toBe(0n);
    expect(pages.bytes.every((byte) => byte === 0)).toBe(true);
    pages.bytes.fill(7);
    pages.discard();
    expect(pages.bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('show a mapped file and write through to it; afterwards they are plain memory again', () => {
    const path = join(folder, 'mapped');
    writeFileSync(path, Buffer.alloc(PAGE_SIZE, 'x'));
    using fd = disposing(Fd.open(path, O.RDWR));
    const pages = SharedPages.allocate(PAGE_SIZE, 'test');
    const mapping = pages.mapOver(fd.it.number, 0, path);
    expect(pages.bytes[0]).toBe('x'.charCodeAt(0));
    pages.bytes[1] = 'y'.charCodeAt(0);
    mapping.dispose();
    expect(readFileSync(path, 'latin1').slice(0, 3)).toBe('xyx');
    expect(pages.bytes[0]).toBe(0);
    pages.bytes[0] = 1;
    expect(readFileSync(path, 'latin1')[0]).toBe('x');
  });

  it('of something that cannot be mapped fail with the object’s name', () => {
    using fd = disposing(Fd.open(folder, O.RDONLY));
    const pages = SharedPages.allocate(PAGE_SIZE, 'test');
    expect(failureOf(() => pages.mapOver(fd.it.number, 0, 'a folder'))).toMatchObject({
      call: 'mmap',
      object: 'a folder',
    });
  });
});

describe('the kick signal', () => {
  it('does no harm to the thread it is sent to, nor to one that has ended', () => {
    installKickSignal();
    kickThread(currentThreadId());
    kickThread(2 ** 22 - 1);
    expect(currentThreadId()).toBeGreaterThan(0);
  });
});

function disposing(it: Fd): { it: Fd; [Symbol.dispose](): void } {
  return { it, [Symbol.dispose]: () => it.dispose() };
}
