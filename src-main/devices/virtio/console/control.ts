import { CONTROL, CONTROL_BYTES } from './numbers.ts';

/** What a port has to tell the guest, in the order in which the guest can use it. */
const TELL = { add: 1, console: 2, name: 4, open: 8, size: 16 } as const;
/** Port 0 is the console. */
const CONSOLE_PORT = 0;

/**
 * The control messages of a console's ports (virtio 1.2 §5.3.6.2). However often the guest asks, a port has each thing to
 * tell once.
 */
export class PortControl {
  private readonly telling: number[];
  private readonly opened: boolean[];
  private columns = 0;
  private rows = 0;

  /** @param names of the ports; the first, of the console, is not told */
  constructor(private readonly names: readonly string[]) {
    this.telling = names.map(() => 0);
    this.opened = names.map(() => false);
  }

  /** Whether a program in the guest has the port open: what is typed earlier waits for it. */
  isOpen(port: number): boolean {
    return this.opened[port]!;
  }

  reset(): void {
    this.telling.fill(0);
    this.opened.fill(false);
  }

  /** The terminal has a size, or another one. */
  resized(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.tell(CONSOLE_PORT, TELL.size);
  }

  /** What the guest says; anything that makes no sense is passed over. The port that has been opened, if one has. */
  hear(message: Uint8Array): number | undefined {
    const view = new DataView(message.buffer, message.byteOffset, CONTROL_BYTES);
    const port = view.getUint32(0, true);
    const event = view.getUint16(4, true);
    const value = view.getUint16(6, true);
    if (event === CONTROL.DEVICE_READY && value === 1) this.telling.fill(TELL.add);
    if (port >= this.names.length) return undefined;
    if (event === CONTROL.PORT_READY && value === 1) this.introduce(port);
    if (event !== CONTROL.PORT_OPEN) return undefined;
    this.opened[port] = value === 1;
    return value === 1 ? port : undefined;
  }

  /** The next message for the guest; undefined when there is none. */
  next(): Uint8Array | undefined {
    for (const [port, telling] of this.telling.entries()) {
      if (telling === 0) continue;
      const one = telling & -telling;
      this.telling[port] = telling & ~one;
      return this.message(port, one);
    }
    return undefined;
  }

  /** The host's end of every port is always there: what nobody reads yet is kept. */
  private introduce(port: number): void {
    if (port === CONSOLE_PORT) this.tell(port, TELL.console | TELL.open | (this.columns > 0 ? TELL.size : 0));
    else this.tell(port, TELL.name | TELL.open);
  }

  private tell(port: number, what: number): void {
    this.telling[port] = this.telling[port]! | what;
  }

  private message(port: number, what: number): Uint8Array {
    switch (what) {
      case TELL.add:
        return control(port, CONTROL.DEVICE_ADD, 1);
      case TELL.console:
        return control(port, CONTROL.CONSOLE_PORT, 1);
      case TELL.name:
        return control(port, CONTROL.PORT_NAME, 1, new TextEncoder().encode(this.names[port]));
      case TELL.open:
        return control(port, CONTROL.PORT_OPEN, 1);
      default: {
        // Columns first, as §5.3.6.2 has it and Linux 6.1.192 reads it; other Linux kernels take the first for rows.
        const { rows, columns } = this;
        return control(port, CONTROL.RESIZE, 0, Uint8Array.of(columns, columns >> 8, rows, rows >> 8));
      }
    }
  }
}

function control(port: number, event: number, value: number, rest = new Uint8Array(0)): Uint8Array {
  const message = new Uint8Array(CONTROL_BYTES + rest.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, port, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  message.set(rest, CONTROL_BYTES);
  return message;
}
