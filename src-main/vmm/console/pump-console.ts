import { log } from '../../base/log.ts';
import type { BoardConsole } from '../machine/board.ts';
import type { ConsoleServer } from './console-server.ts';
import type { SerialLog } from './serial-log.ts';

/** Taken from the ring at a time; the event loop gets its turn after each. */
const CHUNK_BYTES = 64 * 1024;
/**
 * A guest prints byte by byte, and waking for each costs more than the byte: after a look, this long passes before the
 * next, unless the ring fills faster. Far below what a typist notices in an echo.
 */
const GATHER_MS = 10;

/**
 * Moves what a guest prints from the arena to the log and the visitors. The loop runs until the process ends.
 */
export class ConsolePump {
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  private fileFailed = false;

  constructor(
    private readonly console: BoardConsole,
    private readonly serialLog: SerialLog,
    private readonly server: ConsoleServer,
  ) {}

  async run(): Promise<never> {
    for (;;) {
      await this.console.output.readable();
      const more = this.flush();
      await new Promise<void>((resolve) => (more ? setImmediate(resolve) : setTimeout(resolve, GATHER_MS)));
    }
  }

  /** Takes all there is, once nothing is printed any more. */
  drain(): void {
    while (this.flush());
  }

  /** Takes up to a chunk; true when there was a whole one, so that there is likely more. */
  private flush(): boolean {
    const count = this.console.output.shiftInto(this.chunk);
    if (count === 0) return false;
    this.console.drained();
    this.serialLog.append(this.chunk.subarray(0, count));
    this.reportFile();
    this.server.update();
    return count === CHUNK_BYTES;
  }

  /** Says once when the log on disk stops growing, and once when it grows again. */
  private reportFile(): void {
    const { failure } = this.serialLog;
    if ((failure !== undefined) === this.fileFailed) return;
    this.fileFailed = failure !== undefined;
    if (failure) log('warn', 'serial-log-stopped', { reason: failure.message });
    else log('info', 'serial-log-goes-on');
  }
}
