/**
 * A chip's alarm clock. Times are `Clock.monotonicMs`. One shot: arming again replaces the deadline. When it is due,
 * the machine calls the chip's own host-side method (`expired()`), under the chip's lock, in whichever thread keeps time.
 */
export interface TimerPin {
  arm(deadlineMs: number): void;
  disarm(): void;
}
