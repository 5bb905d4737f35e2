import type { Disposable } from '../../base/disposable.ts';
import type { FdInterest, FdWatch } from '../../devices/virtio/endpoint.ts';
import { EventFd } from '../../linux/event-fd.ts';
import { IO, type IoSignals } from '../interrupts/doorbells.ts';
import type { DeviceServer } from './device-server.ts';
import { WatchedFds } from './watched-fds.ts';

/** What the machine wants of the I/O thread, and what that is doing. */
export const IO_REQUEST = { run: 0, pause: 1, stop: 2 } as const;
export const IO_STATE = { starting: 0, running: 1, paused: 2, stopped: 3 } as const;

/** How long a pause waits at a time for requests under way. */
const DRAIN_TURN_MS = 100;
const WHEN_READABLE: FdInterest = { readable: true, writable: false };

/** Waits for doorbells and for back ends' descriptors, and has them answered, in a thread without an event loop. */
export class IoLoop implements Disposable {
  private readonly all = new WatchedFds('I/O thread');
  /** The back ends' descriptors alone: during a pause nobody answers doorbells. */
  private readonly backends = new WatchedFds('I/O thread');

  constructor(private readonly signals: IoSignals) {
    this.all.watch(this.backends.number, WHEN_READABLE, () => this.backends.take(0));
  }

  /** Watches a back end's descriptor. */
  watch(fd: number, interest: FdInterest, ready: (happened: FdInterest) => void): FdWatch {
    return this.backends.watch(fd, interest, ready);
  }

  /** Calls `ring` whenever the eventfd `fd` was signalled. */
  answer(fd: number, ring: () => void): void {
    const bell = new EventFd(fd, 'doorbell');
    this.all.watch(fd, WHEN_READABLE, () => {
      if (bell.clear()) ring();
    });
  }

  /** Serves until told to stop. */
  run(server: DeviceServer): void {
    const { words } = this.signals;
    this.announce(IO_STATE.paused);
    for (;;) {
      const request = Atomics.load(words, IO.request);
      if (request === IO_REQUEST.stop) break;
      if (request === IO_REQUEST.pause) {
        this.drain(server);
        this.announce(IO_STATE.paused);
        Atomics.wait(words, IO.request, IO_REQUEST.pause);
        if (Atomics.load(words, IO.request) === IO_REQUEST.run) server.lookAtAll();
        continue;
      }
      this.announce(IO_STATE.running);
      const more = server.turn();
      this.all.take(more ? 0 : -1);
    }
    this.drain(server);
    server.dispose();
    this.announce(IO_STATE.stopped);
  }

  dispose(): void {
    this.all.dispose();
    this.backends.dispose();
  }

  private drain(server: DeviceServer): void {
    while (server.underWay > 0) this.backends.take(DRAIN_TURN_MS);
  }

  private announce(state: number): void {
    const { words } = this.signals;
    if (Atomics.load(words, IO.state) === state) return;
    Atomics.store(words, IO.state, state);
    Atomics.notify(words, IO.state);
  }
}
