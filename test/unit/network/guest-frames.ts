/** The guest's side of a user-mode network: just enough Ethernet, IPv4 and UDP to be talked to. */
import { MemoryPieces } from '../../../src-main/base/memory-pieces.ts';
import { NET_HEADER_BYTES, type NetBackend } from '../../../src-main/network/net-backend.ts';

export const GUEST_MAC = '52:54:00:12:34:56';
const macBytes = GUEST_MAC.split(':').map((byte) => Number.parseInt(byte, 16));
const address = (text: string): number[] => text.split('.').map(Number);

export interface Datagram {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly payload: Uint8Array;
}

/** A UDP frame behind a virtio-net header, without a UDP checksum (RFC 768: 0). */
export function udpFrame({ from, fromPort, to, toPort, payload }: Datagram, gatewayMac: readonly number[]): Uint8Array {
  const frame = new Uint8Array(NET_HEADER_BYTES + 14 + 20 + 8 + payload.length);
  const view = new DataView(frame.buffer);
  frame.set([...gatewayMac, ...macBytes, 8, 0], NET_HEADER_BYTES);
  const ip = NET_HEADER_BYTES + 14;
  frame.set([0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, ...address(from), ...address(to)], ip);
  view.setUint16(ip + 2, 28 + payload.length);
  view.setUint16(ip + 10, headerChecksum(view, ip));
  view.setUint16(ip + 20, fromPort);
  view.setUint16(ip + 22, toPort);
  view.setUint16(ip + 24, 8 + payload.length);
  frame.set(payload, ip + 28);
  return frame;
}

/** The UDP datagram in a frame, if it is one. */
export function udpOf(frame: Uint8Array): Datagram | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const ip = NET_HEADER_BYTES + 14;
  if (frame.length < ip + 28 || view.getUint16(ip - 2) !== 0x0800 || view.getUint8(ip + 9) !== 17) return undefined;
  const at = ip + (view.getUint8(ip) & 15) * 4;
  return {
    from: frame.subarray(ip + 12, ip + 16).join('.'),
    fromPort: view.getUint16(at),
    to: frame.subarray(ip + 16, ip + 20).join('.'),
    toPort: view.getUint16(at + 2),
    payload: frame.slice(at + 8, at + view.getUint16(at + 4)),
  };
}

export const sourceMac = (frame: Uint8Array): number[] => [
  ...frame.subarray(NET_HEADER_BYTES + 6, NET_HEADER_BYTES + 12),
];

/** `bytes` as a frame in pieces, cut at `cuts`. */
export function pieces(bytes: Uint8Array, ...cuts: readonly number[]): MemoryPieces {
  const frame = new MemoryPieces(cuts.length + 1);
  for (const [i, start] of [0, ...cuts].entries()) frame.add(bytes, start, (cuts[i] ?? bytes.length) - start);
  return frame;
}

/** The next frame with its header, in room of odd pieces; undefined when none has arrived. */
export function nextFrame(link: NetBackend, memory = new Uint8Array(70_000)): Uint8Array | undefined {
  const length = link.receive(pieces(memory, 5, 30, 1000));
  return length === 0 ? undefined : memory.slice(0, length);
}

/** The next datagram that `wanted` accepts; other frames are dropped. */
export async function datagram(
  link: NetBackend,
  wanted: (datagram: Datagram) => boolean,
): Promise<{ udp: Datagram; frame: Uint8Array }> {
  const memory = new Uint8Array(70_000);
  for (;;) {
    const frame = nextFrame(link, memory);
    if (frame === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      continue;
    }
    const udp = udpOf(frame);
    if (udp !== undefined && wanted(udp)) return { udp, frame };
  }
}

function headerChecksum(view: DataView, at: number): number {
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += view.getUint16(at + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
