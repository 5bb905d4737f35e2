import { HUNG_UP, peek, receive, send } from '../../linux/socket.ts';
import { USER_NETWORK } from './passt-arguments.ts';

/** RFC 826: Ethernet, IPv4, request and reply; EtherTypes from RFC 9542. */
const ETHERTYPE_ARP = 0x0806;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const ARP_FRAME_BYTES = 42;
const LENGTH_BYTES = 4;
const FRAME_ROOM = 128 * 1024;

const bytesOf = (address: string): number[] => address.split('.').map(Number);

/** Asks passt who has the gateway's address, in the guest's name: passt answers once it serves. */
export function askForGateway(fd: number, guestMac: string): void {
  const mac = guestMac.split(':').map((byte) => Number.parseInt(byte, 16));
  const frame = new Uint8Array(LENGTH_BYTES + ARP_FRAME_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint32(0, ARP_FRAME_BYTES);
  frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...mac], 4);
  view.setUint16(16, ETHERTYPE_ARP);
  frame.set([0, 1, 8, 0, 6, 4, 0, ARP_REQUEST, ...mac, ...bytesOf(USER_NETWORK.guest)], 18);
  frame.set(bytesOf(USER_NETWORK.host), 42);
  send(fd, frame, frame.length);
}

/**
 * Takes what passt has sent so far, frame by frame, up to its answer: true once that has come. Frames before it are
 * dropped, as on a cable whose other end is not plugged in yet.
 */
export function gatewayAnswered(fd: number): boolean {
  const frame = new Uint8Array(FRAME_ROOM);
  const view = new DataView(frame.buffer);
  for (;;) {
    const waiting = peek(fd, frame, frame.length);
    if (waiting === HUNG_UP || waiting < LENGTH_BYTES) return false;
    const length = LENGTH_BYTES + view.getUint32(0);
    if (waiting < length) return false;
    receive(fd, frame, length);
    if (view.getUint16(16) === ETHERTYPE_ARP && view.getUint16(24) === ARP_REPLY) return true;
  }
}
