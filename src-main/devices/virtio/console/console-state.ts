import type { ByteRing } from '../../../base/byte-ring.ts';
import { type Arena, type SharedOf, struct, words } from '../../../base/shared-struct.ts';

/** Room for what a guest prints at one port while the main thread is busy, and for what is typed while it does not read. */
const OUTPUT_BYTES = 64 * 1024;
const INPUT_BYTES = 4096;

/** What the thread that serves a console's queues shares with those at the other end of its ports. */
export const ConsoleState = struct('virtio-console', 1, {
  /** Words for Atomics: [the terminal's columns << 16 | rows, whether they are news, ports whose output waits for room]. */
  words: words(3),
});
export type ConsoleState = SharedOf<typeof ConsoleState>;

/** Indices into `ConsoleState.words`. */
export const CONSOLE = { size: 0, resized: 1, blocked: 2 } as const;

/** What goes through one port, out of the guest and into it. */
export interface PortRings {
  readonly output: ByteRing;
  readonly input: ByteRing;
}

export interface PlacedConsole {
  readonly state: ConsoleState;
  readonly rings: readonly PortRings[];
}

export function placeConsole(arena: Arena, name: string, ports: number): PlacedConsole {
  return {
    state: arena.place(ConsoleState, `${name}-console`),
    rings: Array.from({ length: ports }, (_, port) => ({
      output: arena.ring(`${name}-output${port}`, OUTPUT_BYTES),
      input: arena.ring(`${name}-input${port}`, INPUT_BYTES),
    })),
  };
}
