import { type SharedOf, struct, u8 } from '../../base/shared-struct.ts';

/** A chip's interrupt output. Level-triggered semantics: the chip holds the line as long as it has a cause. */
export interface IrqLine {
  set(level: boolean): void;
}

export const IrqLineState = struct('irq-line', 1, { level: u8(0) });
export type IrqLineState = SharedOf<typeof IrqLineState>;

/** A line whose level lives in the arena, so that only changes reach the interrupt chip, whichever thread makes them. */
export class SharedIrqLine implements IrqLine {
  constructor(
    private readonly state: IrqLineState,
    private readonly drive: (level: boolean) => void,
  ) {}

  set(level: boolean): void {
    const wanted = level ? 1 : 0;
    if (this.state.level === wanted) return;
    this.state.level = wanted;
    this.drive(level);
  }
}
