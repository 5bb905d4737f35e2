import { f64, type SharedOf, struct } from '../../base/shared-struct.ts';
import type { TimerPin } from './timer-pin.ts';

export const TimerState = struct('timer', 1, {
  /** `Clock.monotonicMs` of the next expiry; infinite when disarmed. */
  deadlineMs: f64(Number.POSITIVE_INFINITY),
});
export type TimerState = SharedOf<typeof TimerState>;

/** A chip's timer, armed in any thread, kept by the main thread's `TimerKeeper`. */
export class SharedTimer implements TimerPin {
  constructor(
    readonly state: TimerState,
    private readonly changed: () => void,
  ) {}

  arm(deadlineMs: number): void {
    if (this.state.deadlineMs === deadlineMs) return;
    this.state.deadlineMs = deadlineMs;
    this.changed();
  }

  disarm(): void {
    this.state.deadlineMs = Number.POSITIVE_INFINITY;
  }
}
