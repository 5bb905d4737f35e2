import { f64, type SharedOf, struct, u32, words } from '../../base/shared-struct.ts';

/** What the machine wants of a vCPU thread. */
export const REQUEST = { run: 0, pause: 1, stop: 2 } as const;
/** What a vCPU thread is doing. */
export const VCPU = { starting: 0, running: 1, paused: 2, stopped: 3 } as const;

/** Indices into `VcpuControl.signals`. */
export const SIGNAL = { request: 0, state: 1 } as const;

/** One per vCPU, placed in the arena as `vcpu<index>`: orders one way, state and counters the other. */
export const VcpuControl = struct('vcpu-control', 1, {
  /** Words for Atomics: [request, state]. */
  signals: words(2),
  /** Raised with each reset: a stop told under an older one is history. */
  generation: u32(0),
  /** Kernel thread id of the vCPU's worker, 0 until it runs. */
  tid: u32(0),
  portExits: f64(0),
  mmioExits: f64(0),
  otherExits: f64(0),
  /** Port and MMIO accesses that met no device. */
  unclaimedReads: f64(0),
  unclaimedWrites: f64(0),
  /** Host monotonic time of the first guest entry, ms; 0 before. */
  firstEntryMs: f64(0),
});
export type VcpuControl = SharedOf<typeof VcpuControl>;
