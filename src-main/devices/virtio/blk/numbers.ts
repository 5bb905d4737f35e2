/** Block device (virtio 1.2 §5.2). */
export const BLOCK_DEVICE = 2;
export const SECTOR = 512;

/** §5.2.3. */
export const BLK_FEATURE = {
  SEG_MAX: 2,
  RO: 5,
  BLK_SIZE: 6,
  FLUSH: 9,
  TOPOLOGY: 10,
  MQ: 12,
  DISCARD: 13,
  WRITE_ZEROES: 14,
} as const;

/** §5.2.6, request types. */
export const REQUEST_TYPE = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 } as const;
/** §5.2.6, the last byte of every request. */
export const REQUEST_STATUS = { OK: 0, IOERR: 1, UNSUPP: 2 } as const;

/** struct virtio_blk_req before its data: type, reserved, sector. */
export const HEADER_BYTES = 16;
/** struct virtio_blk_discard_write_zeroes: sector, num_sectors, flags. */
export const RANGE_BYTES = 16;
export const RANGE_UNMAP = 1;
export const ID_BYTES = 20;

/** One range per request, of at most 2 GiB less one block. */
const RANGE_SECTORS = 0x003f_ffff;

/** struct virtio_blk_config (§5.2.4). */
export function blockConfig(disk: {
  readonly sizeBytes: number;
  readonly blockBytes: number;
  readonly queues: number;
  readonly segments: number;
}): Uint8Array {
  const config = new Uint8Array(60);
  const view = new DataView(config.buffer);
  view.setBigUint64(0, BigInt(Math.floor(disk.sizeBytes / SECTOR)), true);
  view.setUint32(12, disk.segments, true);
  view.setUint32(20, SECTOR, true);
  view.setUint8(24, Math.log2(disk.blockBytes / SECTOR));
  view.setUint16(26, 1, true);
  view.setUint16(34, disk.queues, true);
  view.setUint32(36, RANGE_SECTORS, true);
  view.setUint32(40, 1, true);
  view.setUint32(44, disk.blockBytes / SECTOR, true);
  view.setUint32(48, RANGE_SECTORS, true);
  view.setUint32(52, 1, true);
  view.setUint8(56, 1);
  return config;
}
