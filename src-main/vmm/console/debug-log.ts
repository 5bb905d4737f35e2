import { closeSync, openSync, writeSync } from 'node:fs';
import type { ByteRing } from '../../base/byte-ring.ts';
import type { Disposable } from '../../base/disposable.ts';

/** A guest may write here as much as it likes; this much of it is kept. */
const BOUND_BYTES = 1 << 20;
const CHUNK_BYTES = 16 * 1024;
/** As for the serial console: a wake-up per byte costs more than the byte. */
const GATHER_MS = 50;

/** What the guest has written to the debug console (port 0xE9) since the machine started: its first MiB, in a file made with the first byte. */
export class DebugLog implements Disposable {
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  private fd: number | undefined;
  private kept = 0;

  constructor(
    private readonly ring: ByteRing,
    private readonly path: string,
  ) {}

  async run(): Promise<never> {
    for (;;) {
      await this.ring.readable();
      this.drain();
      await new Promise<void>((resolve) => setTimeout(resolve, GATHER_MS));
    }
  }

  drain(): void {
    for (let count = this.take(); count > 0; count = this.take()) this.keep(this.chunk.subarray(0, count));
  }

  dispose(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private take(): number {
    return this.ring.shiftInto(this.chunk);
  }

  /** Best effort: a full disk costs the log, not the machine. */
  private keep(bytes: Uint8Array): void {
    const count = Math.min(bytes.length, BOUND_BYTES - this.kept);
    if (count === 0) return;
    try {
      this.fd ??= openSync(this.path, 'w', 0o600);
      this.kept += writeSync(this.fd, bytes, 0, count);
    } catch {
      this.kept = BOUND_BYTES;
    }
  }
}
