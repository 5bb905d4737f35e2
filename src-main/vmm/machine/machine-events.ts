import { type SharedOf, struct, words } from '../../base/shared-struct.ts';
import type { SignalPin } from '../interrupts/signal-pin.ts';

/** What a chip can ask of the machine, one bit each. */
export const MACHINE_EVENT = { reset: 1, powerOff: 2, debugExit: 4, panicked: 8, timers: 16, balloon: 32 } as const;

const BITS = 0;
const VALUE = 1;

/** Placed once per machine: bits chips have raised and the main thread has not yet taken, and debug exit's code. */
export const MachineEventsState = struct('machine-events', 1, { words: words(2) });
export type MachineEventsState = SharedOf<typeof MachineEventsState>;

/** The wire from chips, in any thread, to the machine's main thread. */
export class MachineEvents {
  constructor(private readonly state: MachineEventsState) {}

  /** A pin that raises `event`, and calls `also` in the thread that pulsed it. */
  pin(event: number, also?: () => void): SignalPin {
    return {
      pulse: (value) => {
        if (event === MACHINE_EVENT.debugExit) Atomics.store(this.state.words, VALUE, value);
        this.raise(event);
        also?.();
      },
    };
  }

  raise(event: number): void {
    Atomics.or(this.state.words, BITS, event);
    Atomics.notify(this.state.words, BITS);
  }

  /** Main thread: the bits raised since the last call, waiting until there are some. */
  async take(): Promise<{ bits: number; value: number }> {
    for (;;) {
      const bits = Atomics.exchange(this.state.words, BITS, 0);
      if (bits !== 0) return { bits, value: Atomics.load(this.state.words, VALUE) };
      const wait = Atomics.waitAsync(this.state.words, BITS, 0);
      if (wait.async) await wait.value;
    }
  }
}
