/**
 * virtio-balloon, the memory balloon device (virtio 1.2 §5.5), with statistics and deflation when the guest runs out of
 * memory. What the driver puts into the balloon goes back to the host; what it takes out again is there, and zero, as
 * soon as it is touched. Guest driver: Linux virtio_balloon.
 */
import type { VirtioDevice, VirtioHost } from '../endpoint.ts';
import { Chain } from '../queue/chain.ts';
import { BALLOON, type BalloonState } from './balloon-state.ts';
import {
  BALLOON_CONFIG,
  BALLOON_FEATURE,
  BALLOON_PAGE,
  BALLOON_QUEUE,
  BALLOON_QUEUE_SIZE,
  STATISTIC_BYTES,
  STATISTICS,
} from './numbers.ts';

/** What is read of one buffer at most; Linux sends 256 pages at a time. More than that stays with the guest. */
const MOST_PAGES = 4096;

export interface BalloonPins {
  /** Gives these bytes of RAM back to the host; they read as they are, or as zeros, from then on. */
  discard(ram: Uint8Array): void;
  /** The driver has said how many pages the balloon holds. */
  changed(): void;
}

export class VirtioBalloon implements VirtioDevice {
  readonly features = [BALLOON_FEATURE.STATS_VQ, BALLOON_FEATURE.DEFLATE_ON_OOM];
  readonly config = new Uint8Array(BALLOON_CONFIG.bytes);
  private chain = new Chain(2 * BALLOON_QUEUE_SIZE);
  private readonly frames = new Uint32Array(MOST_PAGES);
  private readonly frameBytes = new Uint8Array(this.frames.buffer);
  private readonly statistics = new Uint8Array(STATISTIC_BYTES * STATISTICS.length);
  /** The statistics' buffer, kept until somebody wants new ones (§5.5.6.3). */
  private held = new Chain(2 * BALLOON_QUEUE_SIZE);
  private holding = false;

  constructor(
    private readonly host: VirtioHost,
    private readonly state: BalloonState,
    private readonly pins: BalloonPins,
  ) {}

  serve(index: number): boolean {
    if (index === BALLOON_QUEUE.statistics) {
      this.serveStatistics();
      return false;
    }
    return this.servePages(index);
  }

  configWritten(config: Uint8Array): void {
    const actual = new DataView(config.buffer, config.byteOffset).getUint32(BALLOON_CONFIG.actual, true);
    this.say(actual);
  }

  /** Everything that was in the balloon is the guest's again (§5.5.5). */
  reset(): void {
    this.holding = false;
    this.say(0);
  }

  dispose(): void {}

  private say(actual: number): void {
    if (Atomics.exchange(this.state.words, BALLOON.actual, actual | 0) !== (actual | 0)) this.pins.changed();
  }

  private servePages(index: number): boolean {
    const queue = this.host.queue(index);
    if (queue === undefined) return false;
    const { chain } = this;
    // A turn is bounded in pages, for each of them may be a system call.
    let budget = MOST_PAGES;
    do {
      queue.disableNotify();
      while (budget > 0 && queue.pop(chain)) {
        budget -= 1;
        if (index === BALLOON_QUEUE.inflate) budget -= this.inflate();
        queue.push(chain, 0);
      }
    } while (budget > 0 && queue.enableNotify());
    this.host.signal(index, queue);
    return budget <= 0;
  }

  /** Discards the pages a chain names, those in a row at once; how many there were. */
  private inflate(): number {
    const { chain, frames, frameBytes } = this;
    const count = chain.read(this.host.memory, 0, frameBytes) >> 2;
    const sorted = frames.subarray(0, count).sort();
    let at = 0;
    while (at < count) {
      const first = sorted[at]!;
      let end = at + 1;
      while (end < count && sorted[end]! - sorted[end - 1]! <= 1) end++;
      this.discard(first * BALLOON_PAGE, (sorted[end - 1]! - first + 1) * BALLOON_PAGE);
      at = end;
    }
    return count;
  }

  /** Discards what of a range is RAM; the guest may name what it likes. */
  private discard(gpa: number, length: number): void {
    const { memory } = this.host;
    let left = length;
    let at = gpa;
    while (left > 0) {
      const count = Math.min(left, memory.contiguous(at));
      if (count === 0) {
        at += BALLOON_PAGE;
        left -= BALLOON_PAGE;
        continue;
      }
      const { bytes, gpa: start } = memory.regionOf(at, count)!;
      this.pins.discard(bytes.subarray(at - start, at - start + count));
      memory.wrote?.(at, count);
      at += count;
      left -= count;
    }
  }

  /** §5.5.6.3: the driver's buffer holds statistics; giving it back asks for new ones. */
  private serveStatistics(): void {
    const queue = this.host.queue(BALLOON_QUEUE.statistics);
    if (queue === undefined) return;
    while (queue.pop(this.chain)) {
      const { chain, held } = this;
      if (this.holding) queue.push(held, 0);
      this.readStatistics();
      this.held = chain;
      this.chain = held;
      this.holding = true;
    }
    if (this.holding && Atomics.exchange(this.state.words, BALLOON.statisticsWanted, 0) !== 0) {
      this.holding = false;
      queue.push(this.held, 0);
    }
    queue.enableNotify();
    this.host.signal(BALLOON_QUEUE.statistics, queue);
  }

  private readStatistics(): void {
    const { statistics, state } = this;
    const length = this.chain.read(this.host.memory, 0, statistics);
    const view = new DataView(statistics.buffer);
    state.lock.acquire();
    for (let at = 0; at + STATISTIC_BYTES <= length; at += STATISTIC_BYTES) {
      const tag = view.getUint16(at, true);
      if (tag >= STATISTICS.length) continue;
      state.statistics[3 * tag] = view.getInt32(at + 2, true);
      state.statistics[3 * tag + 1] = view.getInt32(at + 6, true);
      state.statistics[3 * tag + 2] = 1;
    }
    if (length >= STATISTIC_BYTES) state.statisticsAtMs = Date.now();
    state.lock.release();
  }
}
