import { type Disposable, owning } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import { EventFd } from '../../linux/event-fd.ts';
import { HostImageFile } from '../image-file.ts';
import { DRIVE, type DriveSeed, MEDIUM } from './drive-seed.ts';

/** A medium that still reads from storage which answers no more cannot be taken out; after this long that is said. */
const DONE_LIMIT_MS = 30_000;
const LOOK_AGAIN_MS = 1000;

/**
 * The main thread's half of a CD drive: opens its media and hands them, as descriptors, to the thread that serves the
 * drive's queue. That one lets what is under way end before it changes them (`DriveBay`).
 */
export class CdDrive implements Disposable {
  readonly seed: DriveSeed;
  private inside: string | undefined;
  /** The medium that was handed over last, until the serving thread takes it. */
  private unclaimed: HostImageFile | undefined;

  /** A drive with the ISO image `medium` in it, or empty; throws why that cannot be opened. */
  static open(medium: string | undefined): CdDrive {
    return owning((owner) => {
      const drive = owner.own(new CdDrive(EventFd.create('CD drive')));
      drive.insert(medium);
      return drive;
    });
  }

  private constructor(private readonly wake: EventFd) {
    this.seed = { wakeFd: wake.number, words: new Int32Array(new SharedArrayBuffer(4 * Object.keys(DRIVE).length)) };
  }

  /** The path of the image that is in it. */
  get medium(): string | undefined {
    return this.inside;
  }

  /** Puts another medium in, or takes out what is there; what cannot be opened throws and changes nothing. */
  insert(medium: string | undefined): void {
    const { words } = this.seed;
    const file = medium === undefined ? undefined : HostImageFile.open(medium, { readOnly: true });
    Atomics.add(words, DRIVE.ordered, 1);
    const before = Atomics.exchange(words, DRIVE.next, file?.fd ?? MEDIUM.none);
    if (before !== MEDIUM.unchanged) this.unclaimed?.dispose();
    this.unclaimed = file;
    this.inside = medium;
    this.wake.signal();
  }

  /** Settles once the guest's side has what was inserted last, and the file before it is closed. */
  async settled(): Promise<void> {
    const { words } = this.seed;
    const giveUpAt = performance.now() + DONE_LIMIT_MS;
    for (;;) {
      const done = Atomics.load(words, DRIVE.done);
      if (done === Atomics.load(words, DRIVE.ordered)) return;
      if (performance.now() > giveUpAt) throw new Failure('failed', 'cd-stuck', 'the CD in the drive does not answer');
      const wait = Atomics.waitAsync(words as Int32Array<SharedArrayBuffer>, DRIVE.done, done, LOOK_AGAIN_MS);
      if (wait.async) await wait.value;
    }
  }

  dispose(): void {
    const unused = Atomics.exchange(this.seed.words, DRIVE.next, MEDIUM.unchanged);
    if (unused !== MEDIUM.unchanged) this.unclaimed?.dispose();
    this.wake.dispose();
  }
}
