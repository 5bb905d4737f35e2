import { closeSync, openSync } from 'node:fs';
import { checked, libcFunction } from './libc.ts';
import { CLONE, enterNamespace, unshare } from './namespaces.ts';

const cSocket = libcFunction<[number, number, number], number>('int socket(int domain, int type, int protocol)');
const cIoctlOn = libcFunction<[number, number, ArrayBufferView], number>(
  'int ioctl(int fd, unsigned long request, void *structure)',
);

/** netdevice(7). */
const SIOCSIFFLAGS = 0x8914;
const IFF_UP_RUNNING = 0x41;

/** Brings the loopback device of the calling thread's network namespace up. */
export function raiseLoopback(): void {
  const socket = checked(cSocket(2, 2 | 0o2000000, 0), 'socket', 'loopback device');
  try {
    const request = Buffer.alloc(40);
    request.write('lo');
    request.writeInt16LE(IFF_UP_RUNNING, 16);
    checked(cIoctlOn(socket, SIOCSIFFLAGS, request), 'SIOCSIFFLAGS', 'loopback device');
  } finally {
    closeSync(socket);
  }
}

/** A new network namespace, with its loopback device up, as an open descriptor (close-on-exec). */
export function newNetworkNamespace(prepare: () => void): number {
  return aside(() => {
    unshare(CLONE.NEWNET);
    raiseLoopback();
    prepare();
    return openSync(OWN_NETWORK_NAMESPACE, 'r');
  });
}

/** What `work` does at once, done in the network namespace open as `fd`. */
export function inNetworkNamespace<T>(fd: number, work: () => T): T {
  return aside(() => {
    enterNamespace(fd, CLONE.NEWNET, 'network namespace');
    return work();
  });
}

/** The calling thread's. */
export const OWN_NETWORK_NAMESPACE = '/proc/thread-self/ns/net';

/** Other threads stay where they are, and this one comes back before anything else runs in it. */
function aside<T>(work: () => T): T {
  const home = openSync(OWN_NETWORK_NAMESPACE, 'r');
  try {
    return work();
  } finally {
    try {
      enterNamespace(home, CLONE.NEWNET, 'own network namespace');
    } finally {
      closeSync(home);
    }
  }
}
