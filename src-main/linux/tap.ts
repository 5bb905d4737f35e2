import { Fd, O } from './fd.ts';
import type { IoVector } from './io-vector.ts';
import { checked, errno, errnoName, libcFunction } from './libc.ts';

const cReadv = libcFunction<[number, number, number], number>('int64_t readv(int fd, uintptr_t vector, int count)');
const cWritev = libcFunction<[number, number, number], number>('int64_t writev(int fd, uintptr_t vector, int count)');
const cSocket = libcFunction<[number, number, number], number>('int socket(int domain, int type, int protocol)');
const cIfNameToIndex = libcFunction<[string], number>('unsigned int if_nametoindex(const char *name)');

/** linux/if_tun.h. */
const TUNSETIFF = 0x4004_54ca;
const TUNSETOFFLOAD = 0x4004_54d0;
const TUNSETVNETHDRSZ = 0x4004_54d8;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const TUN_F_CSUM = 1;
const TUN_F_TSO4 = 2;
const TUN_F_TSO6 = 4;
/** linux/if.h struct ifreq: a name of 16 bytes, then a union of 24. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
/** linux/sockios.h, linux/if.h. */
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFMTU = 0x8921;
const SIOCBRADDIF = 0x89a2;
const IFF_UP = 1;
/** socket(2), open(2). */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

function interfaceRequest(name: string): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(IFREQ_BYTES);
  bytes.set(Buffer.from(name, 'latin1').subarray(0, IFNAMSIZ - 1));
  return { bytes, view: new DataView(bytes.buffer) };
}

/**
 * Opens tap interface `name`, made anew where there is none and the caller may. Frames are read and written one at a
 * time, each behind `headerBytes` of virtio-net header.
 */
export function openTap(name: string, headerBytes: number): Fd {
  const fd = Fd.open('/dev/net/tun', O.RDWR | O.NONBLOCK);
  try {
    const request = interfaceRequest(name);
    request.view.setUint16(IFNAMSIZ, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, true);
    fd.ioctl(`TUNSETIFF ${name}`, TUNSETIFF, request.bytes);
    fd.ioctl('TUNSETVNETHDRSZ', TUNSETVNETHDRSZ, Int32Array.of(headerBytes));
    return fd;
  } catch (error) {
    fd.dispose();
    throw error;
  }
}

/** Which unfinished frames the guest takes from the tap (linux/if_tun.h TUN_F_*). */
export function setTapOffload(fd: Fd, offload: { checksum: boolean; tcp4: boolean; tcp6: boolean }): void {
  const flags = (offload.checksum ? TUN_F_CSUM : 0) | (offload.tcp4 ? TUN_F_TSO4 : 0) | (offload.tcp6 ? TUN_F_TSO6 : 0);
  fd.ioctl('TUNSETOFFLOAD', TUNSETOFFLOAD, flags);
}

/** Puts the next frame with its header into the vector's memory: its bytes, 0 when none waits, negative when the interface is gone. */
export function readFrame(fd: number, vector: IoVector): number {
  const count = cReadv(fd, vector.address, vector.count);
  if (count >= 0) return count;
  const name = errnoName(errno());
  return name === 'EAGAIN' || name === 'EINTR' ? 0 : -1;
}

/** False when the interface has no room; a frame it does not want is lost, as on a cable. */
export function writeFrame(fd: number, vector: IoVector): boolean {
  if (cWritev(fd, vector.address, vector.count) >= 0) return true;
  const name = errnoName(errno());
  return name !== 'EAGAIN' && name !== 'ENOBUFS';
}

export function interfaceExists(name: string): boolean {
  return cIfNameToIndex(name) !== 0;
}

/** Switches interface `name` on (netdevice(7)). */
export function bringUp(name: string): void {
  const request = interfaceRequest(name);
  withSocket(name, (socket) => {
    socket.ioctl('SIOCGIFFLAGS', SIOCGIFFLAGS, request.bytes);
    const flags = request.view.getUint16(IFNAMSIZ, true);
    if (flags & IFF_UP) return;
    request.view.setUint16(IFNAMSIZ, flags | IFF_UP, true);
    socket.ioctl('SIOCSIFFLAGS', SIOCSIFFLAGS, request.bytes);
  });
}

/** Makes interface `name` a port of `bridge`. */
export function addToBridge(bridge: string, name: string): void {
  const request = interfaceRequest(bridge);
  request.view.setInt32(IFNAMSIZ, cIfNameToIndex(name), true);
  withSocket(bridge, (socket) => socket.ioctl('SIOCBRADDIF', SIOCBRADDIF, request.bytes));
}

export function mtuOf(name: string): number {
  const request = interfaceRequest(name);
  withSocket(name, (socket) => socket.ioctl('SIOCGIFMTU', SIOCGIFMTU, request.bytes));
  return request.view.getInt32(IFNAMSIZ, true);
}

function withSocket(object: string, use: (socket: Fd) => void): void {
  const socket = new Fd(checked(cSocket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0), 'socket', object), object);
  try {
    use(socket);
  } finally {
    socket.dispose();
  }
}
