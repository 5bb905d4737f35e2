import type { Arena } from '../../base/shared-struct.ts';
import { type Doorbells, IO, IoSignals } from '../../vmm/interrupts/doorbells.ts';
import { placeTranslatedState, wakeEngine } from './translated-state.ts';

/** Doorbells answered in the engine's thread, between two slices of guest code. Any thread. */
export function translatedDoorbells(arena: Arena): Doorbells {
  const { state } = placeTranslatedState(arena);
  const signals = arena.place(IoSignals, 'io-signals');
  return {
    notify: (device, queue) => {
      Atomics.or(signals.rung, device, 1 << queue);
      wakeEngine(state);
    },
    changed: (device) => {
      Atomics.or(signals.words, IO.changed, 1 << device);
      wakeEngine(state);
    },
    // Every access comes through the bus here.
    move: () => {},
  };
}
