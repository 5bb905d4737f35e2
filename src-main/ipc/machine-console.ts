import type { Duplex } from 'node:stream';
import type { Disposable } from '../base/disposable.ts';
import type { ConsoleItem, ConsoleMessage } from '../contract/machine.ts';
import { ConsoleFlow } from './console-flow.ts';
import type { ServedStream, StreamSink } from './contract-server.ts';
import type { MachineFeed } from './machine-feed.ts';
import type { MachineFleet } from './machine-fleet.ts';

/** What a VM host keeps for late visitors of its console. */
const scrollbackBytes = 256 * 1024;

/** Serves `machine.console`: attaches whenever the machine runs, and again after each of its starts. */
export class MachineConsole implements ServedStream<ConsoleMessage> {
  private socket: Duplex | undefined;
  private flow: ConsoleFlow | undefined;
  private connecting = false;
  private disposed = false;
  private readonly listener: Disposable;

  constructor(
    private readonly fleet: MachineFleet,
    private readonly feed: MachineFeed,
    private readonly id: string,
    private readonly sink: StreamSink<ConsoleItem>,
  ) {
    this.listener = feed.onChange((delta) => {
      if (delta.kind !== 'removed' && delta.machine.id === id) void this.attach();
    });
    void feed.ready.then(() => this.attach()).catch(() => undefined);
  }

  message(message: ConsoleMessage): void {
    if (message.kind === 'drawn') this.flow?.drawn(message.bytes);
    else if (this.socket?.writable) this.socket.write(message.bytes);
  }

  dispose(): void {
    this.disposed = true;
    this.listener.dispose();
    this.socket?.destroy();
  }

  private hasConsole(): boolean {
    const state = this.feed.get(this.id)?.state;
    return state === 'running' || state === 'paused' || state === 'stopping';
  }

  private async attach(): Promise<void> {
    if (this.connecting || this.socket !== undefined || this.disposed || !this.hasConsole()) return;
    this.connecting = true;
    try {
      const report = await this.fleet.report(this.id);
      const replay = Math.min(scrollbackBytes, report?.serial.bytes ?? 0);
      this.use(await this.fleet.console(this.id), replay);
    } catch {
      // The host went away between its state and our connection: the next change of state tries again.
    } finally {
      this.connecting = false;
    }
  }

  private use(socket: Duplex, replay: number): void {
    if (this.disposed) {
      socket.destroy();
      return;
    }
    const flow = new ConsoleFlow({
      deliver: (bytes) => this.sink.emit({ kind: 'bytes', bytes }),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    });
    this.socket = socket;
    this.flow = flow;
    this.sink.emit({ kind: 'attached', replay });
    socket.on('data', (chunk: Uint8Array) => flow.arrived(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.lost(socket, flow));
    socket.on('end', () => socket.destroy());
  }

  private lost(socket: Duplex, flow: ConsoleFlow): void {
    if (this.socket !== socket) return;
    flow.flush();
    this.socket = undefined;
    this.flow = undefined;
    if (this.disposed) return;
    this.sink.emit({ kind: 'detached' });
    void this.attach();
  }
}
