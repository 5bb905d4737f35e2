import { type Arena, f64, type SharedOf, struct, words } from '../../../base/shared-struct.ts';
import { formatAddress } from '../../../network/ipv4.ts';

/** What a network device tells the machine's other threads; survives resets. */
export const NetReport = struct('net-report', 1, {
  /** One word, for Atomics: the guest's IPv4 address as seen in its frames, 0 while unknown. */
  guestAddress: words(1),
  receivedFrames: f64(),
  receivedBytes: f64(),
  sentFrames: f64(),
  sentBytes: f64(),
  /** Frames lost for want of buffers they fit in, or that were none. */
  dropped: f64(),
});
export type NetReport = SharedOf<typeof NetReport>;

/** The report of the network device `name`. */
export function placeNetReport(arena: Arena, name: string): NetReport {
  return arena.place(NetReport, `${name}-report`);
}

/** `10.0.2.15`; undefined for 0. */
export function addressText(word: number): string | undefined {
  return word === 0 ? undefined : formatAddress(word);
}
