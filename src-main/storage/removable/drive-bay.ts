import { EventFd } from '../../linux/event-fd.ts';
import { Fd } from '../../linux/fd.ts';
import type { BlockBackend } from '../block-backend.ts';
import { HostImageFile } from '../image-file.ts';
import { transfersFor } from '../open-disk.ts';
import { RawDisk } from '../raw/raw-disk.ts';
import { DRIVE, type DriveSeed, MEDIUM } from './drive-seed.ts';
import { noMedium } from './no-medium.ts';

/** ECMA-119 §6.1.2: the logical sector of an ISO 9660 volume. */
const OPTIMAL_BLOCK_BYTES = 2048;

/** The half of a CD drive in the thread that serves its queue. */
export class DriveBay {
  private readonly wake: EventFd;

  /** @param synchronous every request completes within `submit` */
  constructor(
    private readonly seed: DriveSeed,
    private readonly synchronous: boolean,
  ) {
    this.wake = new EventFd(seed.wakeFd, 'CD drive');
  }

  /** Readable when a medium waits for `change`. */
  get wakeFd(): number {
    return this.seed.wakeFd;
  }

  /** Hands the medium that waits, if one does, to `replace`, and then says that it is in. */
  change(replace: (medium: BlockBackend) => void): void {
    const { words } = this.seed;
    this.wake.clear();
    // Read first: an order that comes between the two is taken now, and counted when its own wake-up is answered.
    const ordered = Atomics.load(words, DRIVE.ordered);
    const next = Atomics.exchange(words, DRIVE.next, MEDIUM.unchanged);
    if (next !== MEDIUM.unchanged) replace(next === MEDIUM.none ? noMedium : this.open(next));
    Atomics.store(words, DRIVE.done, ordered);
    Atomics.notify(words, DRIVE.done);
  }

  private open(fd: number): BlockBackend {
    const file = HostImageFile.adopt(new Fd(fd, 'CD'), true);
    return new RawDisk(file, transfersFor(this.synchronous), { optimalBlockBytes: OPTIMAL_BLOCK_BYTES });
  }
}
