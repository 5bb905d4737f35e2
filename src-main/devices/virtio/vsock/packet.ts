import { HEADER, HEADER_BYTES } from './numbers.ts';

/** One packet's header (virtio 1.2 §5.10.6), as it lies in the queue. */
export class PacketHeader {
  readonly bytes = new Uint8Array(HEADER_BYTES);
  private readonly view = new DataView(this.bytes.buffer);

  get(field: keyof typeof HEADER): number {
    const at = HEADER[field];
    if (field === 'type' || field === 'op') return this.view.getUint16(at, true);
    const low = this.view.getUint32(at, true);
    if (field !== 'srcCid' && field !== 'dstCid') return low;
    return low + this.view.getUint32(at + 4, true) * 0x1_0000_0000;
  }

  /** Starts a packet; what is not set is zero. */
  begin(srcCid: number, srcPort: number, dstCid: number, dstPort: number, type: number, op: number): void {
    const { bytes, view } = this;
    bytes.fill(0);
    view.setUint32(HEADER.srcCid, srcCid, true);
    view.setUint32(HEADER.dstCid, dstCid, true);
    view.setUint32(HEADER.srcPort, srcPort, true);
    view.setUint32(HEADER.dstPort, dstPort, true);
    view.setUint16(HEADER.type, type, true);
    view.setUint16(HEADER.op, op, true);
  }

  set(field: 'len' | 'flags' | 'bufAlloc' | 'fwdCnt', value: number): void {
    this.view.setUint32(HEADER[field], value, true);
  }
}
