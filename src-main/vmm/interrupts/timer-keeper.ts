import type { Clock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import type { TimerState } from './shared-timer.ts';

/** One timer of a chip, and what the chip does when it is due (called without its lock held). */
export interface KeptTimer {
  readonly state: TimerState;
  readonly expired: () => void;
}

/** setTimeout cannot count further than this (HTML, "timers"). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Fires the chips' timers from the main thread's event loop, with one host timer for all of them. */
export class TimerKeeper implements Disposable {
  private handle: NodeJS.Timeout | undefined;

  constructor(
    private readonly timers: readonly KeptTimer[],
    private readonly clock: Clock,
  ) {}

  /** Fires what is due and sleeps until the next; to be called whenever a chip armed a timer. */
  update(): void {
    clearTimeout(this.handle);
    this.handle = undefined;
    const now = this.clock.monotonicMs();
    for (const { state, expired } of this.timers) {
      if (state.deadlineMs > now) continue;
      state.deadlineMs = Number.POSITIVE_INFINITY;
      expired();
    }
    const next = Math.min(...this.timers.map(({ state }) => state.deadlineMs));
    if (next === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(Math.max(Math.ceil(next - now), 1), LONGEST_TIMEOUT_MS);
    this.handle = setTimeout(() => this.update(), delay);
    this.handle.unref();
  }

  dispose(): void {
    clearTimeout(this.handle);
  }
}
