import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { SETUP_FIELDS } from '../../../src-main/boot/linux-x86/setup-header.ts';
import { GiB, MiB } from '../../../src-main/vmm/layout.ts';
import { bzImage, conflict, elfKernel, failureCode, failureOf, fileOf, HEADER_32, plan } from './kernel-images.ts';

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const openFiles = () => readdirSync('/proc/self/fd').length;

describe('files that are no kernels are named', () => {
  test.each([
    ['ASCII text', 'hello\nworld\n'],
    ['a script, ASCII text', '#!/bin/sh\nexit\n'],
    ['a gzip archive', latin1('\x1f\x8b\x08\0')],
    ['a zstd archive', latin1('\x28\xb5\x2f\xfd')],
    ['a cpio archive', '070701ABCDEF'],
    ['an empty file', ''],
    ['a PE executable for x86-64', latin1(`MZ${'\0'.repeat(58)}\x40\0\0\0PE\0\0\x64\x86`)],
    ['a Linux kernel image for aarch64', latin1(`MZ${'\0'.repeat(54)}ARM\x64${'\0'.repeat(64)}`)],
    ['a boot sector or disk image', latin1(`\xeb\x3c${'\0'.repeat(508)}\x55\xaa`)],
    ['nothing we know', new Uint8Array(100)],
  ])('%s', (words, content) => {
    const failure = failureOf(() => plan(fileOf(content)));
    expect(failure?.code).toBe('kernel-not-a-kernel');
    expect(failure?.message).toContain(`this is ${words}`);
  });

  test('an archive comes with the advice to unpack it', () => {
    expect(failureOf(() => plan(fileOf(latin1('\x1f\x8b\x08\0'))))?.hint).toBe('unpack it first');
  });
});

describe('paths that are no files', () => {
  test('a path that is not there, a folder, a device, a pipe that nobody writes to', () => {
    const folder = dirname(fileOf(''));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(failureCode(() => plan(join(folder, 'absent')))).toBe('kernel-not-found');
    expect(failureCode(() => plan(join(fileOf(''), 'below-a-file')))).toBe('kernel-not-found');
    expect(failureCode(() => plan('/a\0b'))).toBe('kernel-not-found');
    expect(failureCode(() => plan(''))).toBe('kernel-not-found');
    for (const path of [folder, '/dev/zero', pipe]) expect(failureCode(() => plan(path))).toBe('kernel-not-a-file');
    expect(failureCode(() => plan(bzImage(), { initrd: pipe }))).toBe('initrd-not-a-file');
    expect(failureCode(() => plan(bzImage(), { initrd: join(folder, 'absent') }))).toBe('initrd-not-found');
  });
});

test('a refused boot leaves no file open, a disposed one neither', () => {
  const before = openFiles();
  const [initrd, text] = [fileOf(new Uint8Array(100)), fileOf('text')];
  expect(failureCode(() => plan(text, { initrd }))).toBe('kernel-not-a-kernel');
  expect(failureCode(() => plan(bzImage(), { initrd, memoryBytes: MiB }))).toBe('kernel-too-large-for-memory');
  const image = plan(elfKernel(), { initrd });
  expect(openFiles()).toBe(before + 3);
  image.dispose();
  image.dispose();
  expect(openFiles()).toBe(before);
});

describe('truncated files', () => {
  const fieldEnds = Object.entries(SETUP_FIELDS).map(
    ([field, [offset, size]]) => [field, offset, offset + size] as const,
  );
  test.each(fieldEnds)('boot.rst %s: a bzImage cut before, within or after it', (_field, start, end) => {
    for (const length of [start, end - 1, end]) {
      const code = failureCode(() => plan(bzImage().slice(0, length)));
      expect(code).toBe(length < 0x206 ? 'kernel-not-a-kernel' : 'kernel-truncated');
    }
  });

  test('a bzImage that lacks its last byte tells expected and actual size', () => {
    const whole = bzImage();
    const failure = failureOf(() => plan(whole.slice(0, -1)));
    expect(failure?.code).toBe('kernel-truncated');
    expect(failure?.facts).toEqual({ expected: whole.length, actual: whole.length - 1 });
  });

  test('an ELF kernel cut anywhere before the end of its segments is refused', () => {
    const whole = elfKernel();
    for (let length = 20; length < 0x3000; length += 61) {
      expect(failureCode(() => plan(whole.slice(0, length)))).toBe('kernel-truncated');
    }
  });
});

describe('random damage never gets past the plan', () => {
  const memory = fc.oneof(
    fc.integer({ min: 0, max: 64 * MiB }),
    fc.integer({ min: 4, max: 8192 }).map((mib) => mib * MiB),
    fc.constantFrom(3 * GiB, 3 * GiB + 4096, 4 * GiB, 8 * GiB),
  );
  let initrd = '';
  beforeAll(() => {
    initrd = fileOf(new Uint8Array(3 * MiB));
  });

  function check(kernel: Uint8Array, memoryBytes: number): void {
    const code = failureCode(() => {
      const image = plan(path(kernel), { memoryBytes, initrd, acpiTables: new Uint8Array(0x1000) });
      const problem = conflict(image, memoryBytes);
      image.dispose();
      expect(problem).toBeUndefined();
    });
    if (code !== undefined) expect(code).toMatch(/^(kernel|initrd|command-line)-/);
  }
  const path = (kernel: Uint8Array) => fileOf(kernel);

  const damage = (low: number, high: number) =>
    fc.array(fc.tuple(fc.integer({ min: low, max: high }), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  const damaged = (whole: Uint8Array, edits: [number, number][]) => {
    const bytes = whole.slice();
    for (const [at, value] of edits) bytes[at] = value;
    return bytes;
  };

  test.each([
    ['64-bit bzImage', bzImage()],
    ['32-bit bzImage', bzImage({}, HEADER_32)],
  ])('%s headers', (_kind, whole) => {
    fc.assert(
      fc.property(damage(0x1f1, 0x268), memory, (edits, bytes) => check(damaged(whole, edits), bytes)),
      { numRuns: 200 },
    );
  });

  test.each([
    ['ELF64', elfKernel()],
    ['ELF32', elfKernel({ bits: 32 })],
  ])('%s headers', (_kind, whole) => {
    fc.assert(
      fc.property(damage(4, 64 + 2 * 56), memory, (edits, bytes) => check(damaged(whole, edits), bytes)),
      { numRuns: 200 },
    );
  });

  test('ELF notes', () => {
    fc.assert(
      fc.property(damage(0x800, 0x818), (edits) => check(damaged(elfKernel(), edits), 512 * MiB)),
      { numRuns: 100 },
    );
  });

  test('arbitrary bytes behind each magic', () => {
    const magic = fc.constantFrom(
      latin1('\x7fELF\x02\x01\x01'),
      latin1('MZ'),
      bzImage().slice(0, 0x206),
      new Uint8Array(),
    );
    const property = fc.property(magic, fc.uint8Array({ maxLength: 2000 }), (start, rest) =>
      check(Uint8Array.from([...start, ...rest]), 512 * MiB),
    );
    fc.assert(property, { numRuns: 200 });
  });
});
