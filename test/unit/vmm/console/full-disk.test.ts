import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SCROLLBACK_BYTES, SerialLog } from '../../../../src-main/vmm/console/serial-log.ts';
import { need } from '../../../support/need.ts';

const CHUNK = 64 * 1024;

describe('the serial log on a disk that fills up', () => {
  need('root');

  it('goes on in its file when there is room again, and never answers with bytes of another offset', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulkhead-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'bulkhead-test', folder]);
    try {
      const path = join(folder, 'serial0.log');
      const log = new SerialLog(path);
      let printed = Buffer.alloc(0);
      const print = (chunks: number) => {
        for (let i = 0; i < chunks; i++) {
          const chunk = Buffer.alloc(CHUNK, `${printed.length} `);
          log.append(chunk);
          printed = Buffer.concat([printed, chunk]);
        }
      };
      const ballast = join(folder, 'ballast');
      print(2);
      writeFileSync(ballast, Buffer.alloc(800 * 1024));
      print(4);
      expect(log.failure?.code).toBe('disk-full');
      rmSync(ballast);
      print(SCROLLBACK_BYTES / CHUNK + 4);
      expect(log.failure).toBeUndefined();
      const resumed = log.start;
      expect(resumed).toBeGreaterThan(2 * CHUNK);
      const piece = Buffer.alloc(CHUNK);
      for (let at = resumed; at < log.end; ) {
        const count = log.read(at, piece);
        expect(piece.subarray(0, count).equals(printed.subarray(at, at + count))).toBe(true);
        at += Math.max(count, 1);
      }
      expect(readFileSync(path).subarray(-CHUNK).equals(printed.subarray(-CHUNK))).toBe(true);
      log.dispose();
    } finally {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
