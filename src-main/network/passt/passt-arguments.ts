/** What a guest sees of the user-mode network, the same in every machine. */
export const USER_NETWORK = {
  guest: '10.0.2.15',
  prefix: 24,
  /** The gateway; passt sends what goes there to the host's own loopback address. */
  host: '10.0.2.2',
  /** passt's own default, the largest IPv4 packet in whole words. */
  mtu: 65_520,
} as const;

/** passt's own address on the wire. */
const HOST_MAC = '52:55:0a:00:02:02';

export interface Forward {
  readonly protocol: 'tcp' | 'udp';
  /** Where on the host it listens; without it, on the loopback address. */
  readonly hostAddress?: string | undefined;
  readonly hostPort: number;
  readonly guestPort: number;
}

/**
 * passt(1)'s arguments for one guest, whose socket it finds at descriptor `socketFd`.
 * @param offline the host has no route to anywhere: passt then needs an interface to be told, and cannot use IPv6
 */
export function passtArguments(socketFd: number, forwards: readonly Forward[], offline: boolean): string[] {
  return [
    '--foreground',
    '--stderr',
    '--fd',
    `${socketFd}`,
    ...networkArguments(offline),
    ...forwards.flatMap((forward) => [forward.protocol === 'tcp' ? '--tcp-ports' : '--udp-ports', port(forward)]),
  ];
}

/** passt(1)'s arguments for the network that the guest is to see. */
export function networkArguments(offline: boolean): string[] {
  const { guest, prefix, host } = USER_NETWORK;
  const network = ['--address', guest, '--netmask', `${prefix}`, '--gateway', host];
  return [...network, ...(offline ? ['--interface', 'lo', '--ipv4-only', '--mac-addr', HOST_MAC] : [])];
}

function port({ hostAddress = '127.0.0.1', hostPort, guestPort }: Forward): string {
  return `${hostAddress}/${hostPort}:${guestPort}`;
}

/** `tcp 127.0.0.1:8080 → 80`. */
export function describeForward({ protocol, hostAddress = '127.0.0.1', hostPort, guestPort }: Forward): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${protocol} ${address}:${hostPort} → ${guestPort}`;
}
