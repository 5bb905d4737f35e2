import { type Arena, f64, type SharedOf, struct, words } from '../../../base/shared-struct.ts';
import { STATISTICS } from './numbers.ts';

/** What the thread that serves a balloon's queues shares with those who order it about. */
export const BalloonState = struct('virtio-balloon', 1, {
  /** Words for Atomics: [pages in the balloon, as the driver says, statistics wanted]. */
  words: words(2),
  /** Per statistic: low half, high half, whether it was ever given. */
  statistics: words(3 * STATISTICS.length),
  /** When the statistics came, in milliseconds since 1970; 0 for never. */
  statisticsAtMs: f64(0),
});
export type BalloonState = SharedOf<typeof BalloonState>;

/** Indices into `BalloonState.words`. */
export const BALLOON = { actual: 0, statisticsWanted: 1 } as const;

export function placeBalloon(arena: Arena, name: string): BalloonState {
  return arena.place(BalloonState, `${name}-balloon`);
}
