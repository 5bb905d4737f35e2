/** A stretch of guest RAM that is contiguous in host memory too. */
export interface RamRegion {
  readonly gpa: number;
  readonly bytes: Uint8Array;
}

/** RAM as it travels to another thread. */
export type RamSeed = readonly {
  readonly gpa: number;
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
  readonly size: number;
}[];

/**
 * Guest RAM by guest-physical address. A range that is not RAM from end to end is never touched: `write` and `read`
 * answer false, `window` answers undefined. Nothing else turns a guest address into host memory.
 */
export class GuestMemory {
  private regions: readonly RamRegion[] = [];

  /** @param wrote is told what a device wrote, where someone must know (a translator of guest code) */
  constructor(
    regions: readonly RamRegion[],
    readonly wrote?: (gpa: number, length: number) => void,
  ) {
    this.replace(regions);
  }

  /** The same RAM that `seed`'s sender has. */
  static attach(seed: RamSeed): GuestMemory {
    return new GuestMemory(
      seed.map(({ gpa, buffer, offset, size }) => ({ gpa, bytes: new Uint8Array(buffer, offset, size) })),
    );
  }

  /** The same RAM, elsewhere in the host's memory. */
  replace(regions: readonly RamRegion[]): void {
    this.regions = [...regions].sort((a, b) => a.gpa - b.gpa);
  }

  /** The region that holds all `length` bytes from `gpa`; undefined when none does. Allocates nothing. */
  regionOf(gpa: number, length: number): RamRegion | undefined {
    const { regions } = this;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i]!;
      const offset = gpa - region.gpa;
      if (offset >= 0 && offset + length <= region.bytes.length) return region;
    }
    return undefined;
  }

  /** How many bytes from `gpa` lie in one region; 0 when `gpa` is not RAM. Allocates nothing. */
  contiguous(gpa: number): number {
    const { regions } = this;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i]!;
      const offset = gpa - region.gpa;
      if (offset >= 0 && offset < region.bytes.length) return region.bytes.length - offset;
    }
    return 0;
  }

  /** All RAM, in bytes. */
  get size(): number {
    return this.regions.reduce((sum, region) => sum + region.bytes.length, 0);
  }

  /** Whether `length` bytes from `gpa` are RAM. */
  has(gpa: number, length: number): boolean {
    if (!(gpa >= 0 && length >= 0)) return false;
    let at = gpa;
    const end = gpa + length;
    for (const region of this.regions) {
      if (at >= end) return true;
      if (at >= region.gpa && at < region.gpa + region.bytes.length) at = region.gpa + region.bytes.length;
    }
    return at >= end;
  }

  /** The RAM at `gpa` itself, when it lies in one region. Changes through it are seen by the guest. */
  window(gpa: number, length: number): Uint8Array | undefined {
    if (!(length >= 0)) return undefined;
    for (const region of this.regions) {
      const offset = gpa - region.gpa;
      if (offset >= 0 && offset + length <= region.bytes.length) return region.bytes.subarray(offset, offset + length);
    }
    return undefined;
  }

  write(gpa: number, source: Uint8Array): boolean {
    return this.eachPiece(gpa, source.length, (ram, from) => ram.set(source.subarray(from, from + ram.length)));
  }

  read(gpa: number, target: Uint8Array): boolean {
    return this.eachPiece(gpa, target.length, (ram, from) => target.set(ram, from));
  }

  fill(gpa: number, length: number, value: number): boolean {
    return this.eachPiece(gpa, length, (ram) => ram.fill(value));
  }

  /** Visits the RAM of a range piece by piece, in order; false, and nothing visited, when it is not all RAM. */
  eachPiece(gpa: number, length: number, visit: (ram: Uint8Array, from: number) => void): boolean {
    if (!this.has(gpa, length)) return false;
    let done = 0;
    for (const region of this.regions) {
      const offset = gpa + done - region.gpa;
      if (done === length || offset < 0 || offset >= region.bytes.length) continue;
      const count = Math.min(length - done, region.bytes.length - offset);
      visit(region.bytes.subarray(offset, offset + count), done);
      done += count;
    }
    return true;
  }
}
