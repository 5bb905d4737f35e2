import type { NetBackend, NetLinkSeed } from './net-backend.ts';
import { PasstLink } from './passt/passt-link.ts';
import { TapLink } from './tap/tap-link.ts';

/** The serving thread's end of a network the main thread has opened. */
export function openNetLink(seed: NetLinkSeed): NetBackend {
  return seed.kind === 'passt' ? new PasstLink(seed) : new TapLink(seed);
}
