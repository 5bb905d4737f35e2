/** Time as chips and timers see it, injected so that tests own it. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970-01-01 UTC. */
  wallMs(): number;
  /** Time since an arbitrary start that never jumps, in milliseconds with fractions. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.timeOrigin + performance.now(),
};

/** A clock that moves when told to. */
export class ManualClock implements Clock {
  constructor(
    private wall = 0,
    private monotonic = 0,
  ) {}

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  advance(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}
