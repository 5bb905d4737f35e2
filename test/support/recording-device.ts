import type { AccessSize, IoDevice } from '../../src-main/vmm/bus/io-bus.ts';

/** Remembers every access, `w4 0x0 0x44332211`; a read of byte n answers 0xa0 + n, so that lanes can be told apart. */
export class RecordingDevice implements IoDevice {
  readonly seen: string[] = [];

  constructor(readonly widest: AccessSize = 4) {}

  read(offset: number, size: AccessSize): number {
    this.seen.push(`r${size} 0x${offset.toString(16)}`);
    let value = 0;
    for (let lane = 0; lane < size; lane++) value += (0xa0 + offset + lane) * 2 ** (8 * lane);
    return value;
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.seen.push(`w${size} 0x${offset.toString(16)} 0x${value.toString(16)}`);
  }
}
