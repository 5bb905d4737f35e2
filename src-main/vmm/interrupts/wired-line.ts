import { type SharedOf, struct, u32 } from '../../base/shared-struct.ts';
import type { IrqLine } from './irq-line.ts';

export const WiredLineState = struct('wired-line', 1, {
  /** Who holds the line, one bit each. */
  holders: u32(0),
});
export type WiredLineState = SharedOf<typeof WiredLineState>;

/** One interrupt input that several chips, in several threads, hold as one: high while any of them does. */
export class WiredLine {
  constructor(
    private readonly state: WiredLineState,
    private readonly drive: (level: boolean) => void,
  ) {}

  /** The line as holder `bit` (0 to 31) drives it. */
  holder(bit: number): IrqLine {
    return { set: (level) => this.set(1 << bit, level) };
  }

  private set(mask: number, level: boolean): void {
    const { state } = this;
    if (((state.holders & mask) !== 0) === level) return;
    state.lock.acquire();
    const before = state.holders;
    const after = (level ? before | mask : before & ~mask) >>> 0;
    state.holders = after;
    if ((before === 0) !== (after === 0)) this.drive(after !== 0);
    state.lock.release();
  }
}
