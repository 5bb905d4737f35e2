/** Network device (virtio 1.2 §5.1). */
export const NETWORK_DEVICE = 1;
export const NET_QUEUE_SIZE = 256;
export const MAC_BYTES = 6;
/** §5.1.2. */
export const RECEIVEQ = 0;
export const TRANSMITQ = 1;

/** §5.1.3. */
export const NET_FEATURE = {
  CSUM: 0,
  GUEST_CSUM: 1,
  MTU: 3,
  MAC: 5,
  GUEST_TSO4: 7,
  GUEST_TSO6: 8,
  HOST_TSO4: 11,
  HOST_TSO6: 12,
  MRG_RXBUF: 15,
  STATUS: 16,
} as const;

/** Where struct virtio_net_hdr says into how many buffers a received frame was put (§5.1.6). */
export const NUM_BUFFERS = 10;
/** §5.1.4: the link is up. */
const LINK_UP = 1;

/** struct virtio_net_config (§5.1.4), as far as our features make it valid. */
export function netConfig(mac: string, mtu: number): Uint8Array {
  const config = new Uint8Array(12);
  const view = new DataView(config.buffer);
  config.set(mac.split(':').map((byte) => Number.parseInt(byte, 16)));
  view.setUint16(6, LINK_UP, true);
  view.setUint16(8, 1, true);
  view.setUint16(10, mtu, true);
  return config;
}
