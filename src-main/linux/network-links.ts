import type { SystemCallFailure } from './libc.ts';
import { attribute, attributesIn, type RouteSocket } from './route-socket.ts';

/** rtnetlink(7), linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h. */
const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19, NEWADDR: 20, NEWROUTE: 24 } as const;
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  IFALIAS: 20,
  NET_NS_FD: 28,
} as const;
const IFLA_BRPORT = { MODE: 4, ISOLATED: 33 } as const;
const NLA_F_NESTED = 0x8000;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const VETH_INFO_PEER = 1;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const RTA = { OIF: 4, GATEWAY: 5 } as const;
const IFF_UP = 1;
const AF_INET = 2;
const AF_BRIDGE = 7;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

export interface NetworkLink {
  readonly index: number;
  readonly name: string;
  /** What whoever made it left as a note, `ip link`'s alias. */
  readonly alias: string;
}

export interface LinkAddress {
  /** Four bytes. */
  readonly address: Uint8Array;
  readonly broadcast: Uint8Array;
  readonly prefixLength: number;
}

/** Makes a bridge that is up. Its hardware address is given, or else it would change with its ports. */
export function makeBridge(socket: RouteSocket, link: { name: string; mac: string; alias: string; mtu: number }): void {
  const kind = attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, 'bridge'));
  const named = attribute(IFLA.IFNAME, link.name);
  const address = attribute(IFLA.ADDRESS, macBytes(link.mac));
  socket.ask(RTM.NEWLINK, ['CREATE', 'EXCL'], [linkHeader(), named, address, kind], `bridge ${link.name}`);
  const alias = attribute(IFLA.IFALIAS, Buffer.from(link.alias));
  const mtu = attribute(IFLA.MTU, link.mtu);
  socket.ask(RTM.SETLINK, [], [linkHeader({ up: true }), named, mtu, alias], `bridge ${link.name}`);
}

/** A pair of veth devices: one a port of a bridge here, the other in the network namespace open as `namespace`. */
export function makeVeth(
  socket: RouteSocket,
  near: { name: string; bridge: number; alias: string },
  far: { name: string; mac: string; namespace: number },
  mtu: number,
): void {
  const peer = Buffer.concat([
    linkHeader(),
    attribute(IFLA.IFNAME, far.name),
    attribute(IFLA.ADDRESS, macBytes(far.mac)),
    attribute(IFLA.MTU, mtu),
    attribute(IFLA.NET_NS_FD, far.namespace),
  ]);
  const kind = attribute(
    IFLA.LINKINFO,
    attribute(IFLA_INFO.KIND, 'veth'),
    attribute(IFLA_INFO.DATA, attribute(VETH_INFO_PEER, peer)),
  );
  const named = attribute(IFLA.IFNAME, near.name);
  const rest = [attribute(IFLA.MTU, mtu), attribute(IFLA.MASTER, near.bridge), kind];
  socket.ask(RTM.NEWLINK, ['CREATE', 'EXCL'], [linkHeader({ up: true }), named, ...rest], `veth ${near.name}`);
  const alias = attribute(IFLA.IFALIAS, Buffer.from(near.alias));
  socket.ask(RTM.SETLINK, [], [linkHeader(), named, alias], `veth ${near.name}`);
}

/** How a bridge treats one of its ports. */
export interface PortMode {
  /** Frames may leave where they came from. */
  readonly hairpin: boolean;
  /** Nothing passes between this port and others that are isolated. */
  readonly isolated: boolean;
}

export function setPortMode(socket: RouteSocket, port: number, { hairpin, isolated }: PortMode, object: string): void {
  const mode = [
    attribute(IFLA_BRPORT.MODE, Uint8Array.of(Number(hairpin))),
    attribute(IFLA_BRPORT.ISOLATED, Uint8Array.of(Number(isolated))),
  ];
  const header = linkHeader();
  header.writeUInt8(AF_BRIDGE, 0);
  header.writeInt32LE(port, 4);
  socket.ask(RTM.SETLINK, [], [header, attribute(IFLA.PROTINFO | NLA_F_NESTED, ...mode)], object);
}

export function addAddress(socket: RouteSocket, index: number, address: LinkAddress, object: string): void {
  const header = Buffer.alloc(8);
  header.set([AF_INET, address.prefixLength, 0, 0]);
  header.writeUInt32LE(index, 4);
  const parts = [
    attribute(IFA.LOCAL, address.address),
    attribute(IFA.ADDRESS, address.address),
    attribute(IFA.BROADCAST, address.broadcast),
  ];
  socket.ask(RTM.NEWADDR, ['CREATE', 'EXCL'], [header, ...parts], object);
}

/** The way to everywhere that has no way of its own. */
export function addDefaultRoute(socket: RouteSocket, index: number, gateway: Uint8Array, object: string): void {
  const header = Buffer.alloc(12);
  header.set([AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST]);
  const parts = [attribute(RTA.GATEWAY, gateway), attribute(RTA.OIF, index)];
  socket.ask(RTM.NEWROUTE, ['CREATE'], [header, ...parts], object);
}

export function bringLinkUp(socket: RouteSocket, name: string): void {
  socket.ask(RTM.SETLINK, [], [linkHeader({ up: true }), attribute(IFLA.IFNAME, name)], name);
}

/** Deletes a link, with its other end. */
export function deleteLink(socket: RouteSocket, name: string): void {
  socket.ask(RTM.DELLINK, [], [linkHeader(), attribute(IFLA.IFNAME, name)], name);
}

export function listLinks(socket: RouteSocket): NetworkLink[] {
  return socket.ask(RTM.GETLINK, ['DUMP'], [linkHeader()], 'links').map(linkOf);
}

/** The link of that name; undefined where there is none. */
export function findLink(socket: RouteSocket, name: string): NetworkLink | undefined {
  try {
    const [answer] = socket.ask(RTM.GETLINK, [], [linkHeader(), attribute(IFLA.IFNAME, name)], name);
    return answer && linkOf(answer);
  } catch (error) {
    if ((error as SystemCallFailure).errnoName === 'ENODEV') return undefined;
    throw error;
  }
}

function linkOf(answer: Buffer): NetworkLink {
  const attributes = attributesIn(answer.subarray(16));
  const text = (type: number): string => (attributes.get(type)?.toString('utf8') ?? '').replace(/\0.*$/, '');
  return { index: answer.readInt32LE(4), name: text(IFLA.IFNAME), alias: text(IFLA.IFALIAS) };
}

/** struct ifinfomsg. */
function linkHeader({ up = false } = {}): Buffer {
  const header = Buffer.alloc(16);
  if (up) {
    header.writeUInt32LE(IFF_UP, 8);
    header.writeUInt32LE(IFF_UP, 12);
  }
  return header;
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
