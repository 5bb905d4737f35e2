import type { Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/clock.ts';
import { type Arena, f64, type SharedOf, struct, words } from '../../base/shared-struct.ts';
import { EventFd } from '../../linux/event-fd.ts';
import { waitForEither } from '../../linux/poll.ts';
import { PitCounterState, SystemControlBState } from './pit-8254.ts';

/** Indices into `TranslatedState.signals`. */
export const LINE = {
  /** Level of GSI n in bit n. */
  level: 0,
  /** GSIs another thread drove since the engine last looked. */
  changed: 1,
  /** GSIs another thread drove high since the engine last looked. */
  raised: 2,
  /** Counts up, with a notify, when the engine's thread should look around. */
  wake: 3,
  /** 1 while the engine's thread sleeps in poll(2) and not on `wake`. */
  polling: 4,
  /** The eventfd that ends such a sleep, the main thread's; 0 for none. */
  alarm: 5,
} as const;

/** What the engine's thread and the others tell each other. */
export const TranslatedState = struct('translated', 2, {
  signals: words(6),
  /** How long the machine has been paused in all, ms. */
  pausedMs: f64(),
  /** Host monotonic time since when it is paused, 0 when it is not. */
  pausedSinceMs: f64(),
});
export type TranslatedState = SharedOf<typeof TranslatedState>;

export interface TranslatedParts {
  readonly state: TranslatedState;
  readonly pit: readonly [PitCounterState, PitCounterState, PitCounterState];
  readonly systemControlB: SystemControlBState;
}

/** The accelerator's own structs. The thread that builds the arena calls this (or `translatedIrqDriver`) before its seed is taken. */
export function placeTranslatedState(arena: Arena): TranslatedParts {
  return {
    state: arena.place(TranslatedState, 'translated'),
    pit: [
      arena.place(PitCounterState, 'pit0'),
      arena.place(PitCounterState, 'pit1'),
      arena.place(PitCounterState, 'pit2'),
    ],
    systemControlB: arena.place(SystemControlBState, 'system-control-b'),
  };
}

/** Makes the engine's thread look at its control words, lines and orders soon. Any thread. */
export function wakeEngine({ signals }: TranslatedState): void {
  Atomics.add(signals, LINE.wake, 1);
  Atomics.notify(signals, LINE.wake);
  if (Atomics.load(signals, LINE.polling) !== 0) alarmOf(signals)?.signal();
}

/** Sleeps up to `ms`, until the engine is woken after it had `seen` that count, or `fd` is readable. The engine's thread. */
export function sleepUnlessReadable({ signals }: TranslatedState, seen: number, fd: number, ms: number): void {
  const alarm = alarmOf(signals);
  if (alarm === undefined) return void Atomics.wait(signals, LINE.wake, seen, ms);
  Atomics.store(signals, LINE.polling, 1);
  if (Atomics.load(signals, LINE.wake) === seen) waitForEither(fd, alarm.number, ms);
  Atomics.store(signals, LINE.polling, 0);
  alarm.clear();
}

function alarmOf(signals: Int32Array): EventFd | undefined {
  const fd = Atomics.load(signals, LINE.alarm);
  return fd === 0 ? undefined : new EventFd(fd, 'alarm');
}

/** Guest time: the host's monotonic clock, standing still while the machine is paused. Any thread. */
export function guestClock(state: TranslatedState, host: Clock = systemClock): Clock {
  return {
    wallMs: () => host.wallMs(),
    monotonicMs: () => (state.pausedSinceMs || host.monotonicMs()) - state.pausedMs,
  };
}
