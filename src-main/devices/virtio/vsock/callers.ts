import type { Disposable } from '../../../base/disposable.ts';
import { ENDED, type HostCaller, type HostPorts, NOTHING_YET } from '../../../network/vsock/host-ports.ts';
import type { FdWatch, VirtioHost } from '../endpoint.ts';

const WHEN_READABLE = { readable: true, writable: false };

export interface CallerPins {
  /** Whether one more may come. */
  hasRoom(): boolean;
  /** A caller has said which port of the guest's it wants; false to send it away. */
  asked(caller: HostCaller, port: number): boolean;
}

/** Programs on the host that want to reach the guest, until they have said which port. */
export class Callers implements Disposable {
  private readonly waiting = new Map<HostCaller, FdWatch>();
  private listening: FdWatch | undefined;

  constructor(
    private readonly host: VirtioHost,
    private readonly ports: HostPorts,
    private readonly pins: CallerPins,
  ) {}

  get count(): number {
    return this.waiting.size;
  }

  /** Takes callers, until there is no room for more; then they wait where they are. */
  listen(): void {
    this.listening ??= this.host.watch(this.ports.fd, WHEN_READABLE, () => this.take());
  }

  dispose(): void {
    this.stopListening();
    for (const [caller, watch] of this.waiting) {
      watch.dispose();
      caller.dispose();
    }
    this.waiting.clear();
    this.ports.dispose();
  }

  private take(): void {
    while (this.listening !== undefined) {
      const caller = this.pins.hasRoom() ? this.ports.accept() : 'no-room';
      if (caller === 'none') return;
      if (caller === 'no-room') this.stopListening();
      else
        this.waiting.set(
          caller,
          this.host.watch(caller.fd, WHEN_READABLE, () => this.hear(caller)),
        );
    }
  }

  private hear(caller: HostCaller): void {
    const port = this.waiting.has(caller) ? caller.askedFor() : NOTHING_YET;
    if (port === NOTHING_YET) return;
    this.waiting.get(caller)?.dispose();
    this.waiting.delete(caller);
    if (port === ENDED || !this.pins.asked(caller, port)) caller.dispose();
    this.listen();
  }

  private stopListening(): void {
    this.listening?.dispose();
    this.listening = undefined;
  }
}
