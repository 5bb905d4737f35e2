import { invariant } from '../../base/failure.ts';
import type { Lock } from '../../base/lock.ts';

/** Bytes in one access. */
export type AccessSize = 1 | 2 | 4;

/** A chip as a bus sees it: registers at offsets, little-endian values as unsigned numbers. */
export interface IoDevice {
  /** The widest access the chip decodes; wider ones reach it as several, lowest address first. */
  readonly widest: AccessSize;
  read(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
}

/** Accesses that met no device. */
export interface BusCounters {
  unclaimedReads: number;
  unclaimedWrites: number;
}

interface Claim {
  readonly base: number;
  readonly end: number;
  readonly device: IoDevice;
  readonly lock: Lock | undefined;
}

/**
 * One address space of devices, port I/O or MMIO. Reads of nothing answer all ones, writes to nothing vanish, as on a
 * PC's bus; both are counted. The claimed device's lock is held around each access.
 */
export class IoBus {
  private readonly claims: Claim[] = [];
  private last: Claim | undefined;

  /** @param counters where accesses to nothing are counted: a vCPU's shared counters, in its thread */
  constructor(private readonly counters: BusCounters = { unclaimedReads: 0, unclaimedWrites: 0 }) {}

  get unclaimedReads(): number {
    return this.counters.unclaimedReads;
  }

  get unclaimedWrites(): number {
    return this.counters.unclaimedWrites;
  }

  /** Gives `length` addresses from `base` to `device`. Overlaps are our own mistake. */
  claim(base: number, length: number, device: IoDevice, lock?: Lock): void {
    const end = base + length;
    const overlap = this.claims.find((other) => base < other.end && other.base < end);
    invariant(!overlap, `bus: 0x${base.toString(16)}+${length} is claimed already`);
    this.claims.push({ base, end, device, lock });
    this.claims.sort((a, b) => a.base - b.base);
  }

  read(address: number, size: AccessSize): number {
    const claim = this.find(address);
    if (claim === undefined || address + size > claim.end || size > claim.device.widest) {
      return this.readSplit(claim, address, size);
    }
    const { device, lock } = claim;
    lock?.acquire();
    try {
      return device.read(address - claim.base, size);
    } finally {
      lock?.release();
    }
  }

  write(address: number, size: AccessSize, value: number): void {
    const claim = this.find(address);
    if (claim === undefined || address + size > claim.end || size > claim.device.widest) {
      this.writeSplit(claim, address, size, value);
      return;
    }
    const { device, lock } = claim;
    lock?.acquire();
    try {
      device.write(address - claim.base, size, value);
    } finally {
      lock?.release();
    }
  }

  /** An access that no single claim decodes whole: in halves, down to single bytes. */
  private readSplit(claim: Claim | undefined, address: number, size: AccessSize): number {
    if (size === 1 || (claim === undefined && this.isEmpty(address, size))) {
      this.counters.unclaimedReads++;
      return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
    }
    const half = (size / 2) as AccessSize;
    const low = this.read(address, half);
    const high = this.read(address + half, half);
    return (low + high * 2 ** (half * 8)) >>> 0;
  }

  private writeSplit(claim: Claim | undefined, address: number, size: AccessSize, value: number): void {
    if (size === 1 || (claim === undefined && this.isEmpty(address, size))) {
      this.counters.unclaimedWrites++;
      return;
    }
    const half = (size / 2) as AccessSize;
    const bits = half * 8;
    this.write(address, half, value & (half === 2 ? 0xffff : 0xff));
    this.write(address + half, half, value >>> bits);
  }

  private isEmpty(address: number, size: number): boolean {
    for (const claim of this.claims) if (address < claim.end && claim.base < address + size) return false;
    return true;
  }

  private find(address: number): Claim | undefined {
    const { last, claims } = this;
    if (last !== undefined && address >= last.base && address < last.end) return last;
    let low = 0;
    let high = claims.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const claim = claims[middle]!;
      if (address < claim.base) high = middle - 1;
      else if (address >= claim.end) low = middle + 1;
      else {
        this.last = claim;
        return claim;
      }
    }
    return undefined;
  }
}
