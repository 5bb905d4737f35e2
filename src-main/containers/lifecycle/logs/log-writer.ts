import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Disposable } from '../../../base/disposable.ts';
import { Emitter } from '../../../base/emitter.ts';
import { encodeEntry, rfc3339Nano } from './log-entry.ts';

/** Docker's json-file driver cuts longer lines here. */
const LINE_MAX = 16 * 1024;

export interface Rotation {
  /** Bytes after which a new file is begun; infinite without a limit. */
  readonly maxSize: number;
  /** How many files there are at most, the present one included. */
  readonly maxFiles: number;
}

export const noRotation: Rotation = { maxSize: Number.POSITIVE_INFINITY, maxFiles: 1 };

/** Writes a container's output as lines of JSON; the older files are `<path>.1`, `<path>.2`, … */
export class LogWriter implements Disposable {
  /** Fires when there is more to read. */
  readonly grown = new Emitter<void>();
  private readonly partial = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  private fd: number;
  private size: number;

  constructor(
    private readonly path: string,
    private readonly rotation: Rotation = noRotation,
    private readonly now: () => number = () => performance.timeOrigin + performance.now(),
  ) {
    this.fd = openSync(path, 'a', 0o600);
    this.size = fstatSync(this.fd).size;
  }

  write(output: 'stdout' | 'stderr', bytes: Uint8Array): void {
    const held = this.partial[output];
    let rest = held.length === 0 ? Buffer.from(bytes) : Buffer.concat([held, bytes]);
    const time = rfc3339Nano(this.now());
    let lines = '';
    for (let cut = nextCut(rest); cut > 0; cut = nextCut(rest)) {
      lines += encodeEntry({ output, text: rest.toString('utf8', 0, cut), time });
      rest = rest.subarray(cut);
    }
    this.partial[output] = Buffer.from(rest);
    if (lines !== '') this.append(lines);
  }

  /** The end of the output: what no newline followed is a line too. */
  flush(): void {
    for (const output of ['stdout', 'stderr'] as const) {
      const rest = this.partial[output];
      if (rest.length === 0) continue;
      this.partial[output] = Buffer.alloc(0);
      this.append(encodeEntry({ output, text: rest.toString('utf8'), time: rfc3339Nano(this.now()) }));
    }
  }

  dispose(): void {
    this.flush();
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
    this.grown.fire();
  }

  private append(lines: string): void {
    if (this.fd < 0) return;
    if (this.size >= this.rotation.maxSize) this.rotate();
    const bytes = Buffer.from(lines);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
    this.size += bytes.length;
    this.grown.fire();
  }

  private rotate(): void {
    closeSync(this.fd);
    const { maxFiles } = this.rotation;
    if (maxFiles <= 1) rmSync(this.path, { force: true });
    else {
      rmSync(`${this.path}.${maxFiles - 1}`, { force: true });
      for (let i = maxFiles - 2; i >= 0; i--)
        moveIfThere(i === 0 ? this.path : `${this.path}.${i}`, `${this.path}.${i + 1}`);
    }
    this.fd = openSync(this.path, 'a', 0o600);
    this.size = 0;
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** How much of `bytes` is a line by now; 0 when none is complete. A cut never falls into a character. */
function nextCut(bytes: Buffer): number {
  const newline = bytes.subarray(0, LINE_MAX).indexOf(0x0a);
  if (newline >= 0) return newline + 1;
  if (bytes.length < LINE_MAX) return 0;
  let cut = LINE_MAX;
  while (cut > LINE_MAX - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}
