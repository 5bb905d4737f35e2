import type { Disposable } from '../../base/disposable.ts';
import type { FdInterest, FdWatch } from '../../devices/virtio/endpoint.ts';
import { BROKEN, Epoll, READABLE, WRITABLE } from '../../linux/epoll.ts';

interface Watched {
  readonly fd: number;
  readonly ready: (happened: FdInterest) => void;
}

/** Descriptors waited for all at once, each with whom to call, in one thread. */
export class WatchedFds implements Disposable {
  private readonly epoll: Epoll;
  /** By token. */
  private readonly watched: (Watched | undefined)[] = [];
  private readonly happened = { readable: false, writable: false };
  /** What the last wait found and nobody has been told of. */
  private found = 0;
  private open = 0;

  /** @param whose for messages */
  constructor(whose: string) {
    this.epoll = Epoll.create(whose);
  }

  /** Readable when `wait` would find something. */
  get number(): number {
    return this.epoll.number;
  }

  /** Whether anything is watched. */
  get any(): boolean {
    return this.open > 0;
  }

  watch(fd: number, interest: FdInterest, ready: (happened: FdInterest) => void): FdWatch {
    const free = this.watched.indexOf(undefined);
    const token = free < 0 ? this.watched.length : free;
    this.epoll.add(fd, events(interest), token);
    this.watched[token] = { fd, ready };
    this.open++;
    let open = true;
    return {
      change: (wanted) => this.epoll.change(fd, events(wanted), token),
      dispose: () => {
        if (!open) return;
        open = false;
        this.epoll.remove(fd);
        this.watched[token] = undefined;
        this.open--;
      },
    };
  }

  /** Waits up to `timeoutMs` (-1: for good) for something to happen; whether it has. */
  wait(timeoutMs: number): boolean {
    this.found = this.epoll.wait(timeoutMs);
    return this.found > 0;
  }

  /** Calls whom the last wait's findings concern. */
  answer(): void {
    const { epoll, happened, found } = this;
    this.found = 0;
    for (let i = 0; i < found; i++) {
      const what = epoll.happened(i);
      happened.readable = (what & (READABLE | BROKEN)) !== 0;
      happened.writable = (what & (WRITABLE | BROKEN)) !== 0;
      this.watched[epoll.token(i)]?.ready(happened);
    }
  }

  /** Waits, and answers. */
  take(timeoutMs: number): void {
    if (this.wait(timeoutMs)) this.answer();
  }

  dispose(): void {
    this.epoll.dispose();
  }
}

function events({ readable, writable }: FdInterest): number {
  return (readable ? READABLE : 0) | (writable ? WRITABLE : 0);
}
