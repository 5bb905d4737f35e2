import { type Disposable, owning } from '../base/disposable.ts';
import { invariant } from '../base/failure.ts';
import { EventFd } from '../linux/event-fd.ts';
import { IoUring } from '../linux/io-uring.ts';
import { IoVector } from '../linux/io-vector.ts';
import { errnoName } from '../linux/libc.ts';
import { SharedPages } from '../linux/memory.ts';
import type { ImageFile } from './image-file.ts';
import { type Job, statusOfErrno, type Transfers } from './transfers.ts';

/** Transfers under way at a time: as many completions as the ring holds. */
const SLOTS = 128;

type Kind = 'read' | 'write' | 'sync';

/** One transfer under way. Reused, so that a transfer costs no garbage. */
class Slot {
  kind: Kind = 'read';
  file!: ImageFile;
  job!: Job;
  offset = 0;
  skip = 0;
  length = 0;

  constructor(
    readonly token: number,
    readonly vector: IoVector,
  ) {}
}

/** Transfers through io_uring, straight between file and guest memory. */
export class RingTransfers implements Transfers {
  private readonly free: Slot[];
  private readonly slots: readonly Slot[];
  private plugged = 0;

  private constructor(
    private readonly owner: Disposable,
    private readonly ring: IoUring,
    private readonly event: EventFd,
    vectors: SharedPages,
  ) {
    this.slots = Array.from(
      { length: SLOTS },
      (_, i) => new Slot(i, new IoVector(vectors.buffer, vectors.offset + i * IoVector.BYTES)),
    );
    this.free = [...this.slots];
  }

  /** Null where the host has no io_uring for us. */
  static tryCreate(): RingTransfers | null {
    const ring = IoUring.tryCreate();
    if (ring === null) return null;
    return owning((owner) => {
      owner.own(ring);
      const event = owner.own(EventFd.create('disk completions'));
      ring.signalTo(event);
      return new RingTransfers(owner, ring, event, SharedPages.allocate(SLOTS * IoVector.BYTES, 'disk vectors'));
    });
  }

  get completionFd(): number {
    return this.event.number;
  }

  read(file: ImageFile, offset: number, job: Job, skip: number, length: number): void {
    this.start('read', file, offset, job, skip, length);
  }

  write(file: ImageFile, offset: number, job: Job, skip: number, length: number): void {
    this.start('write', file, offset, job, skip, length);
  }

  sync(file: ImageFile, job: Job): void {
    this.start('sync', file, 0, job, 0, 0);
  }

  reap(): void {
    this.event.clear();
    this.complete();
  }

  plug(): void {
    this.plugged++;
  }

  unplug(): void {
    invariant(this.plugged > 0, 'unplug without plug');
    if (--this.plugged === 0) this.push();
  }

  drain(): void {
    while (this.free.length < SLOTS) {
      this.ring.enter(1);
      this.complete();
    }
  }

  dispose(): void {
    this.drain();
    this.owner.dispose();
  }

  private start(kind: Kind, file: ImageFile, offset: number, job: Job, skip: number, length: number): void {
    while (this.free.length === 0) {
      this.ring.enter(1);
      this.complete();
    }
    const slot = this.free.pop()!;
    slot.kind = kind;
    slot.file = file;
    slot.job = job;
    slot.offset = offset;
    slot.skip = skip;
    slot.length = length;
    job.begin();
    this.prepare(slot);
    if (this.plugged === 0) this.push();
  }

  private prepare(slot: Slot): void {
    const { ring } = this;
    const { kind, file, vector, offset, token } = slot;
    if (kind === 'sync') {
      ring.fdatasync(file.fd, token);
      return;
    }
    vector.gather(slot.job.request!.pieces, slot.skip, slot.length);
    if (kind === 'read') ring.readv(file.fd, vector.address, vector.count, offset, token);
    else ring.writev(file.fd, vector.address, vector.count, offset, token);
  }

  /** Tells the kernel; what it could do at once, as from the page cache, is done when this returns. */
  private push(): void {
    this.ring.enter(0);
    this.complete();
  }

  private complete(): void {
    const { ring } = this;
    let again = false;
    while (ring.next()) {
      const slot = this.slots[ring.completed]!;
      if (this.advance(slot, ring.result)) {
        this.prepare(slot);
        again = true;
      }
    }
    if (again) ring.enter(0);
  }

  /** Takes a transfer's result; true when the rest of it has to be asked for again. */
  private advance(slot: Slot, result: number): boolean {
    if (result < 0) {
      const name = errnoName(-result);
      if (name === 'EINTR' || name === 'EAGAIN') return true;
      if (slot.kind === 'sync') slot.file.noteSyncFailure(-result);
      this.finish(slot, statusOfErrno(name));
      return false;
    }
    if (slot.kind === 'sync') {
      this.finish(slot, 'ok');
      return false;
    }
    if (result === 0 && slot.kind === 'read') {
      slot.job.request!.pieces.zero(slot.skip, slot.length);
      this.finish(slot, 'ok');
      return false;
    }
    slot.offset += result;
    slot.skip += result;
    slot.length -= result;
    if (slot.length > 0) return true;
    this.finish(slot, 'ok');
    return false;
  }

  private finish(slot: Slot, status: ReturnType<typeof statusOfErrno> | 'ok'): void {
    const { job } = slot;
    this.free.push(slot);
    job.end(status);
  }
}
