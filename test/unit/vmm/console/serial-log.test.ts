import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SCROLLBACK_BYTES, SerialLog } from '../../../../src-main/vmm/console/serial-log.ts';

const BOUND = 1 << 20;
const CHUNK = 64 * 1024;

describe('the serial log', () => {
  let folder: string;
  let path: string;
  let log: SerialLog;
  let printed: Buffer;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-log-'));
    path = join(folder, 'serial0.log');
    log = new SerialLog(path, BOUND);
    printed = Buffer.alloc(0);
  });
  afterEach(() => {
    log.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Prints chunks that can be told apart. */
  function print(chunks: number): void {
    for (let i = 0; i < chunks; i++) {
      const chunk = Buffer.alloc(CHUNK, `${printed.length} `);
      log.append(chunk);
      printed = Buffer.concat([printed, chunk]);
    }
  }

  function readFrom(offset: number): Buffer {
    const pieces: Buffer[] = [];
    for (let at = offset; ; ) {
      const piece = Buffer.alloc(50_000);
      const count = log.read(at, piece);
      if (count === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, count));
      at += count;
    }
  }

  it('gives back everything from any offset it still has, from memory and from disk alike', () => {
    print(10);
    expect(log.end).toBe(printed.length);
    expect(log.start).toBe(0);
    for (const from of [0, 1, CHUNK + 7, printed.length - SCROLLBACK_BYTES - 1, printed.length - 1]) {
      expect(readFrom(from).equals(printed.subarray(from))).toBe(true);
    }
    expect(readFrom(printed.length)).toHaveLength(0);
    expect(readFileSync(path).equals(printed)).toBe(true);
  });

  it('is rotated at its bound: between one and two bounds are kept, in order, across the two files', () => {
    print(3 * (BOUND / CHUNK) + 5);
    expect(log.end - log.start).toBeGreaterThanOrEqual(BOUND);
    expect(log.end - log.start).toBeLessThanOrEqual(2 * BOUND);
    expect(readFrom(log.start).equals(printed.subarray(log.start))).toBe(true);
    const onDisk = Buffer.concat([readFileSync(`${path}.1`), readFileSync(path)]);
    expect(onDisk.equals(printed.subarray(printed.length - onDisk.length))).toBe(true);
  });

  it('answers nothing for what was rotated away', () => {
    print(3 * (BOUND / CHUNK));
    expect(log.read(log.start - 1, Buffer.alloc(10))).toBe(0);
  });

  it('keeps an earlier run’s log under another name', () => {
    print(1);
    log.dispose();
    log = new SerialLog(path, BOUND);
    expect(readFileSync(`${path}.1`).equals(printed)).toBe(true);
    expect([log.start, log.end]).toEqual([0, 0]);
  });

  it('without a file to write to, keeps the scrollback, says why, and never gives bytes of another offset', () => {
    print(2);
    rmSync(folder, { recursive: true });
    print(BOUND / CHUNK + 3);
    expect(log.failure).toBeDefined();
    expect(log.start).toBe(printed.length - SCROLLBACK_BYTES);
    expect(readFrom(log.start).equals(printed.subarray(log.start))).toBe(true);
    expect(log.read(0, Buffer.alloc(10))).toBe(0);
  });
});
