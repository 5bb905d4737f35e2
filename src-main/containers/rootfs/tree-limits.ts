import { Failure } from '../../base/failure.ts';
import type { TarEntry } from '../archive/tar-entry.ts';

/** What one archive may become on disk. */
export interface TreeLimits {
  /** Bytes of all files that are not holes. */
  readonly storedBytes: number;
  /** Bytes of all files, holes included. */
  readonly apparentBytes: number;
  readonly entries: number;
}

const GIB = 2 ** 30;

/** No real layer comes near these; a bomb does. The disk's free space lowers the first. */
export const defaultTreeLimits: TreeLimits = {
  storedBytes: 1024 * GIB,
  apparentBytes: 4096 * GIB,
  entries: 10_000_000,
};

export class TreeMeter {
  private entries = 0;
  private stored = 0;
  bytes = 0;

  constructor(private readonly limits: TreeLimits) {}

  count({ size, extents }: TarEntry): void {
    this.entries++;
    this.bytes += size;
    this.stored += extents ? extents.reduce((sum, { length }) => sum + length, 0) : size;
    if (this.entries > this.limits.entries) throw tooLarge(`it has more than ${this.limits.entries} files`);
    if (this.bytes > this.limits.apparentBytes)
      throw tooLarge(`its files have more than ${this.limits.apparentBytes} bytes`);
    if (this.stored > this.limits.storedBytes) {
      throw tooLarge(`its files have more than the ${this.limits.storedBytes} bytes there is room for`);
    }
  }
}

function tooLarge(why: string): Failure {
  return new Failure('failed', 'layer-too-large', `layer: ${why}`, {
    hint: 'if the image is to be trusted, make more room on the disk and try again',
  });
}
