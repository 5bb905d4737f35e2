import type { MemoryPieces } from '../../../base/memory-pieces.ts';
import { NET_HEADER_BYTES } from '../../../network/net-backend.ts';

/** RFC 9542 EtherTypes; RFC 826 ARP over Ethernet and IPv4; RFC 791; RFC 2131 BOOTP ports and where a reply has `yiaddr`. */
const ETHERTYPE_AT = NET_HEADER_BYTES + 12;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const PAYLOAD = NET_HEADER_BYTES + 14;
const ARP_SENDER_IPV4 = PAYLOAD + 14;
const ARP_BYTES = 28;
const IPV4_PROTOCOL = PAYLOAD + 9;
const IPV4_SOURCE = PAYLOAD + 12;
const IPV4_HEADER_BYTES = 20;
const UDP = 17;
const UDP_AT = PAYLOAD + IPV4_HEADER_BYTES;
const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;
const BOOTP_AT = UDP_AT + 8;
const BOOTREPLY = 2;
const BOOTP_YIADDR = BOOTP_AT + 16;
const BOOTP_CHADDR = BOOTP_AT + 28;

/**
 * The IPv4 address a frame from the guest shows to be the guest's: the sender's of ARP, or, where none is known yet, a
 * packet's source; else 0.
 */
export function addressOfSender(frame: MemoryPieces, known: boolean): number {
  switch (u16(frame, ETHERTYPE_AT)) {
    case ETHERTYPE_ARP:
      return frame.bytes >= PAYLOAD + ARP_BYTES ? u32(frame, ARP_SENDER_IPV4) : 0;
    case ETHERTYPE_IPV4:
      return !known && frame.bytes >= PAYLOAD + IPV4_HEADER_BYTES ? u32(frame, IPV4_SOURCE) : 0;
    default:
      return 0;
  }
}

/** The IPv4 address a frame of `bytes` to the guest gives to `mac`: a DHCP server's reply; else 0. */
export function addressOffered(frame: MemoryPieces, bytes: number, mac: Uint8Array): number {
  if (bytes < BOOTP_CHADDR + mac.length || u16(frame, ETHERTYPE_AT) !== ETHERTYPE_IPV4) return 0;
  if (frame.byte(PAYLOAD) !== 0x45 || frame.byte(IPV4_PROTOCOL) !== UDP) return 0;
  if (u16(frame, UDP_AT) !== DHCP_SERVER_PORT || u16(frame, UDP_AT + 2) !== DHCP_CLIENT_PORT) return 0;
  if (frame.byte(BOOTP_AT) !== BOOTREPLY) return 0;
  for (let i = 0; i < mac.length; i++) if (frame.byte(BOOTP_CHADDR + i) !== mac[i]) return 0;
  return u32(frame, BOOTP_YIADDR);
}

function u16(frame: MemoryPieces, at: number): number {
  return (frame.byte(at) << 8) | frame.byte(at + 1);
}

function u32(frame: MemoryPieces, at: number): number {
  return u16(frame, at) * 0x1_0000 + u16(frame, at + 2);
}
