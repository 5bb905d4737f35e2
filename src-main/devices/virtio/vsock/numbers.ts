/** Socket device (virtio 1.2 §5.10). */
export const VSOCK_DEVICE = 19;

/** §5.10.2. */
export const VSOCK_QUEUE = { rx: 0, tx: 1, event: 2 } as const;
export const VSOCK_QUEUE_SIZE = 256;

/** §5.10.3. */
export const VSOCK_FEATURE = { STREAM: 0 } as const;

/** §5.10.4: 0, 1 and 0xffffffff are reserved, 2 is the host; the upper 32 bits are zero. */
export const HOST_CID = 2;

/** struct virtio_vsock_hdr (§5.10.6). */
export const HEADER = {
  srcCid: 0,
  dstCid: 8,
  srcPort: 16,
  dstPort: 20,
  len: 24,
  type: 28,
  op: 30,
  flags: 32,
  bufAlloc: 36,
  fwdCnt: 40,
} as const;
export const HEADER_BYTES = 44;

export const TYPE_STREAM = 1;

export const OP = {
  REQUEST: 1,
  RESPONSE: 2,
  RST: 3,
  SHUTDOWN: 4,
  RW: 5,
  CREDIT_UPDATE: 6,
  CREDIT_REQUEST: 7,
} as const;

/** §5.10.6.6: bits of `flags` in a SHUTDOWN. */
export const SHUTDOWN = { RECEIVE: 1, SEND: 2, BOTH: 3 } as const;

/** struct virtio_vsock_config (§5.10.4). */
export function vsockConfig(cid: number): Uint8Array {
  const config = new Uint8Array(8);
  new DataView(config.buffer).setUint32(0, cid, true);
  return config;
}
