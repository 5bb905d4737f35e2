/** Console device (virtio 1.2 §5.3). */
export const CONSOLE_DEVICE = 3;
export const CONSOLE_QUEUE_SIZE = 64;

/** §5.3.2. */
export const CONTROL_QUEUE = { toGuest: 2, fromGuest: 3 } as const;

/** §5.3.2: port 0's queues come before the control queues, those of all others behind. */
export function receiveQueueOf(port: number): number {
  return port === 0 ? 0 : 2 + 2 * port;
}

/** The port whose data queue this is; the even ones are receive queues. */
export function portOfQueue(index: number): number {
  return index < CONTROL_QUEUE.toGuest ? 0 : (index >> 1) - 1;
}

/** §5.3.3. */
export const CONSOLE_FEATURE = { SIZE: 0, MULTIPORT: 1 } as const;

/** struct virtio_console_config (§5.3.4). */
export const CONSOLE_CONFIG = { cols: 0, rows: 2, maxPorts: 4, bytes: 8 } as const;

/** struct virtio_console_control (§5.3.6.2): id u32, event u16, value u16. */
export const CONTROL_BYTES = 8;
export const CONTROL = {
  DEVICE_READY: 0,
  DEVICE_ADD: 1,
  PORT_READY: 3,
  CONSOLE_PORT: 4,
  RESIZE: 5,
  PORT_OPEN: 6,
  PORT_NAME: 7,
} as const;

/** What a terminal has before anybody says what it has. */
export const FIRST_SIZE = { columns: 80, rows: 24 } as const;

export function consoleConfig(ports: number): Uint8Array {
  const config = new Uint8Array(CONSOLE_CONFIG.bytes);
  const view = new DataView(config.buffer);
  view.setUint16(CONSOLE_CONFIG.cols, FIRST_SIZE.columns, true);
  view.setUint16(CONSOLE_CONFIG.rows, FIRST_SIZE.rows, true);
  view.setUint32(CONSOLE_CONFIG.maxPorts, ports, true);
  return config;
}
