import type { MemoryPieces } from '../../../base/memory-pieces.ts';
import { ENDED, type HostCaller, type HostStream, NOTHING_YET } from '../../../network/vsock/host-ports.ts';
import type { FdInterest, FdWatch } from '../endpoint.ts';
import { Backlog } from './backlog.ts';
import { OP, SHUTDOWN } from './numbers.ts';

/** What the guest may send ahead of the host's program: buf_alloc (virtio 1.2 §5.10.6.3). */
export const BUFFER_BYTES = 128 * 1024;
/** Once so many bytes more have gone out than the guest knows of, it is told. */
const TELL_BYTES = BUFFER_BYTES / 4;

/** What a connection has to say to the guest besides data. */
const SAY = { request: 1, response: 2, shutdown: 4, creditRequest: 8, credit: 16 } as const;

const SAYING_ORDER = [
  [SAY.request, OP.REQUEST],
  [SAY.response, OP.RESPONSE],
  [SAY.shutdown, OP.SHUTDOWN],
  [SAY.creditRequest, OP.CREDIT_REQUEST],
  [SAY.credit, OP.CREDIT_UPDATE],
] as const;

/** A packet to the guest: its operation, and the flags of a SHUTDOWN. */
export interface Saying {
  readonly op: number;
  readonly flags: number;
}

/**
 * One stream between a program in the guest and one on the host (virtio 1.2 §5.10.6). Its buffers are bounded: by the
 * credit it gives the guest, and by that it takes nothing from the host that the guest has no room for.
 */
export class Connection {
  /** The guest has been asked and has not answered. */
  private requested: boolean;
  /** In the row of those that have something for the guest. */
  queued = false;
  ended = false;
  private watch: FdWatch | undefined;
  private readonly interest = { readable: false, writable: false };
  private say: number;
  /** Bits of SHUTDOWN: what the guest will do no more, and what the host's program will not. */
  private guestShut = 0;
  private hostShut = 0;
  /** There may be something to receive; nobody waits for that meanwhile. */
  private readable = false;
  /** The host's program has closed both directions: waiting for it would never end. */
  private gone = false;
  private readonly backlog = new Backlog(BUFFER_BYTES);
  /** Counters of §5.10.6.3, all of 32 bits. */
  private peerAllocation = 0;
  private peerForwarded = 0;
  private sentToGuest = 0;
  private forwarded = 0;
  private told = 0;

  /** @param caller who on the host has asked for the connection; without one the guest has */
  constructor(
    readonly hostPort: number,
    readonly guestPort: number,
    private readonly stream: HostStream,
    private readonly caller: HostCaller | undefined,
    private readonly wait: (interest: FdInterest) => FdWatch,
  ) {
    this.requested = caller !== undefined;
    this.say = caller === undefined ? SAY.response : SAY.request;
  }

  /** Every packet of the guest's tells what room it has. */
  takeCredit(allocation: number, forwarded: number): void {
    this.peerAllocation = allocation;
    this.peerForwarded = forwarded;
  }

  /** How many bytes the guest has room for; none where it talks nonsense. */
  get credit(): number {
    return Math.max(0, this.peerAllocation - ((this.sentToGuest - this.peerForwarded) >>> 0));
  }

  /** The guest has answered; false where it had not been asked. */
  answered(): boolean {
    if (!this.requested) return false;
    this.requested = false;
    this.caller?.greet(this.hostPort);
    return true;
  }

  /** Whether so many bytes from the guest are within its credit, and it may send at all. */
  mayTake(length: number): boolean {
    const open = !this.requested && (this.guestShut & SHUTDOWN.SEND) === 0;
    return open && length <= BUFFER_BYTES - this.backlog.bytes;
  }

  /** Sends what it can; how many bytes, of which the caller leaves the rest to `keep`. */
  sendNow(pieces: MemoryPieces, length: number): number {
    if ((this.hostShut & SHUTDOWN.RECEIVE) !== 0) {
      this.hasForwarded(length);
      return length;
    }
    if (this.backlog.bytes > 0) return 0;
    const count = this.stream.send(pieces, length);
    if (count === ENDED) {
      this.hostReadsNoMore();
      return length;
    }
    this.hasForwarded(Math.max(0, count));
    return Math.max(0, count);
  }

  /** Room for bytes that could not be sent at once; `mayTake` has said that there is. */
  keep(length: number): Uint8Array {
    return this.backlog.room(length);
  }

  /** The host's program takes bytes again. */
  flush(): void {
    const { backlog, stream } = this;
    if (backlog.bytes === 0) return;
    const count = stream.send(backlog.waiting, backlog.bytes);
    if (count === ENDED) this.hostReadsNoMore();
    if (count > 0) {
      backlog.sent(count);
      this.hasForwarded(count);
    }
    this.passOnShutdown();
  }

  /** The guest wants to know what room there is. */
  wantsCredit(): void {
    this.say |= SAY.credit;
  }

  /** §5.10.6.6. */
  guestShutsDown(flags: number): void {
    const endsReceiving = (flags & SHUTDOWN.RECEIVE & ~this.guestShut) !== 0;
    if (endsReceiving && (this.hostShut & SHUTDOWN.SEND) === 0) this.stream.endReceiving();
    this.guestShut |= flags & SHUTDOWN.BOTH;
    this.passOnShutdown();
  }

  /** The guest has closed. */
  get closed(): boolean {
    return this.guestShut === SHUTDOWN.BOTH;
  }

  /** Everything the guest sent has been handed on. */
  get drained(): boolean {
    return this.backlog.bytes === 0;
  }

  /** The host's program has something, or has ended; false where it hung up before there was a connection. */
  hostReady({ readable, writable }: FdInterest): boolean {
    if (writable) this.flush();
    if (readable) this.readable = true;
    // A hang-up counts as both.
    if (readable && writable && this.stream.hungUp) {
      this.gone = true;
      this.hostReadsNoMore();
      return !this.requested;
    }
    return true;
  }

  /** Waits for what there is to wait for; nothing is left of the host's program once it has ended both ways. */
  settle(): void {
    const { interest } = this;
    if (this.gone || this.hostShut === SHUTDOWN.BOTH) {
      this.stopWaiting();
      if (this.hostShut === SHUTDOWN.BOTH) this.stream.dispose();
      return;
    }
    const readable = !this.readable && this.receives;
    const writable = this.backlog.bytes > 0;
    const same = readable === interest.readable && writable === interest.writable;
    interest.readable = readable;
    interest.writable = writable;
    if (this.watch === undefined) this.watch = this.wait(interest);
    else if (!same) this.watch.change(interest);
  }

  end(): void {
    this.ended = true;
    this.stopWaiting();
    this.stream.dispose();
  }

  /** Whether there is something for the guest, as far as is known; one that has closed hears no more. */
  get hasSomething(): boolean {
    return !this.closed && (this.say !== 0 || this.mayReceive);
  }

  /** Data for the guest, into `pieces`: how many bytes, 0 for none. */
  receive(pieces: MemoryPieces, room: number): number {
    if ((this.say & (SAY.request | SAY.response)) !== 0 || !this.mayReceive) return 0;
    const count = this.stream.receive(pieces, Math.min(room, this.credit));
    if (count === NOTHING_YET) this.readable = false;
    if (count === ENDED) this.hostEnded();
    if (count <= 0) return 0;
    this.sentToGuest = (this.sentToGuest + count) >>> 0;
    if (this.credit === 0) this.say |= SAY.creditRequest;
    return count;
  }

  /** The next thing to say; undefined for nothing. */
  saying(): Saying | undefined {
    const op = this.nextOp();
    return op === undefined ? undefined : { op, flags: op === OP.SHUTDOWN ? this.hostShut : 0 };
  }

  /** A packet goes out, and with it how much has been handed on. */
  tellForwarded(): number {
    this.told = this.forwarded;
    this.say &= ~SAY.credit;
    return this.forwarded;
  }

  private stopWaiting(): void {
    this.watch?.dispose();
    this.watch = undefined;
  }

  private get receives(): boolean {
    return ((this.guestShut & SHUTDOWN.RECEIVE) | (this.hostShut & SHUTDOWN.SEND)) === 0;
  }

  private get mayReceive(): boolean {
    return this.readable && !this.requested && this.receives && this.credit > 0;
  }

  private nextOp(): number | undefined {
    for (const [bit, op] of SAYING_ORDER) {
      if ((this.say & bit) === 0) continue;
      this.say &= ~bit;
      return op;
    }
    return undefined;
  }

  private hasForwarded(bytes: number): void {
    this.forwarded = (this.forwarded + bytes) >>> 0;
    if ((this.forwarded - this.told) >>> 0 >= TELL_BYTES) this.say |= SAY.credit;
  }

  private passOnShutdown(): void {
    const reads = (this.hostShut & SHUTDOWN.RECEIVE) === 0;
    if (reads && (this.guestShut & SHUTDOWN.SEND) !== 0 && this.backlog.bytes === 0) this.stream.endSending();
  }

  private hostEnded(): void {
    this.hostShuts(this.stream.hungUp ? SHUTDOWN.BOTH : SHUTDOWN.SEND);
  }

  /** What the guest sent and will send goes nowhere. */
  private hostReadsNoMore(): void {
    this.hasForwarded(this.backlog.bytes);
    this.backlog.clear();
    this.hostShuts(SHUTDOWN.RECEIVE);
  }

  private hostShuts(flags: number): void {
    if ((flags & ~this.hostShut) === 0) return;
    this.hostShut |= flags;
    this.say |= SAY.shutdown;
  }
}
