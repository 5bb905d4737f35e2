import type { Disposable } from '../../base/disposable.ts';
import type { BoardConsole } from '../machine/board.ts';
import { ConsoleServer } from './console-server.ts';
import { ConsolePump } from './pump-console.ts';
import { SerialLog } from './serial-log.ts';

/** Where a console's log and its socket are. */
export interface ConsolePaths {
  readonly log: string;
  readonly socket: string;
}

/** One of a machine's consoles: what the guest prints goes to a log and to whoever visits its socket; they type. */
export class KeptConsole implements Disposable {
  private readonly log: SerialLog;
  private readonly server: ConsoleServer;
  private readonly pump: ConsolePump;

  constructor(
    end: BoardConsole,
    private readonly paths: ConsolePaths,
  ) {
    this.log = new SerialLog(paths.log);
    this.server = new ConsoleServer(this.log, (bytes) => end.type(bytes));
    this.pump = new ConsolePump(end, this.log, this.server);
  }

  get printedBytes(): number {
    return this.log.end;
  }

  get visitorCount(): number {
    return this.server.visitorCount;
  }

  listen(): Promise<void> {
    return this.server.listen(this.paths.socket);
  }

  /** Moves what is printed, until the process ends. */
  run(): void {
    void this.pump.run();
  }

  /** Takes all there is, once nothing is printed any more. */
  drain(): void {
    this.pump.drain();
  }

  /** Settles when every visitor has taken what is left. */
  close(): Promise<void> {
    return this.server.close();
  }

  dispose(): void {
    this.server.dispose();
    this.log.dispose();
  }
}
