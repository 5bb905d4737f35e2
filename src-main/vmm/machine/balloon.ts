import { BALLOON, type BalloonState } from '../../devices/virtio/balloon/balloon-state.ts';
import {
  BALLOON_CONFIG,
  BALLOON_FEATURE,
  BALLOON_PAGE,
  BALLOON_QUEUE,
  STATISTICS,
  type Statistic,
} from '../../devices/virtio/balloon/numbers.ts';
import { hasFeature, STATUS } from '../../devices/virtio/spec.ts';
import type { VirtioPci } from '../../devices/virtio/transport-pci/virtio-pci.ts';

/** What the guest says of its memory; amounts in bytes. */
export type GuestMemoryFacts = Partial<Record<Statistic, number>> & { readonly atMs: number };

/** A machine's balloon as its visitors order it about: in the VM host's main thread. */
export class Balloon {
  constructor(
    private readonly transport: VirtioPci,
    private readonly state: BalloonState,
    readonly memoryBytes: number,
    private readonly ring: (queue: number) => void,
  ) {}

  /** Whether the guest has a driver for it. */
  get active(): boolean {
    return (Atomics.load(this.transport.parts.state.status, 0) & STATUS.DRIVER_OK) !== 0;
  }

  /** What the guest is to have, in bytes. */
  get target(): number {
    const { config } = this.transport.parts.offer;
    const pages = new DataView(config.buffer, config.byteOffset).getUint32(BALLOON_CONFIG.numPages, true);
    return this.memoryBytes - pages * BALLOON_PAGE;
  }

  /** What it has, by its driver's word; everything without one. */
  get actual(): number {
    if (!this.active) return this.memoryBytes;
    const pages = Atomics.load(this.state.words, BALLOON.actual) >>> 0;
    return Math.max(0, this.memoryBytes - pages * BALLOON_PAGE);
  }

  /** Asks the guest to get along with so many bytes; it takes its time, and does not have to. */
  aim(bytes: number): void {
    const pages = new Uint8Array(4);
    const wanted = Math.floor((this.memoryBytes - Math.min(bytes, this.memoryBytes)) / BALLOON_PAGE);
    new DataView(pages.buffer).setUint32(0, wanted, true);
    this.transport.changeConfig(BALLOON_CONFIG.numPages, pages);
  }

  /** What the guest said last, if anything; asks it to say it anew. */
  facts(): GuestMemoryFacts | undefined {
    const { state, transport } = this;
    if (!this.active || !hasFeature(transport.parts.state.driverFeatures, BALLOON_FEATURE.STATS_VQ)) return undefined;
    Atomics.store(state.words, BALLOON.statisticsWanted, 1);
    this.ring(BALLOON_QUEUE.statistics);
    return state.lock.holding(() => {
      if (state.statisticsAtMs === 0) return undefined;
      const given = STATISTICS.flatMap((name, tag): [string, number][] => {
        const [low = 0, high = 0, present = 0] = state.statistics.subarray(3 * tag, 3 * tag + 3);
        return present === 0 ? [] : [[name, (low >>> 0) + (high >>> 0) * 2 ** 32]];
      });
      return { ...Object.fromEntries(given), atMs: state.statisticsAtMs };
    });
  }
}
