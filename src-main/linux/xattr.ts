import { type ByteString, cString } from './dir-fd.ts';
import { errno, libcFunction } from './libc.ts';

const cLsetxattr = libcFunction<[Uint8Array, Uint8Array, Uint8Array, number, number], number>(
  'int lsetxattr(void *path, void *name, void *value, size_t size, int flags)',
);
const cLgetxattr = libcFunction<[Uint8Array, Uint8Array, Uint8Array | null, number], number>(
  'intptr_t lgetxattr(void *path, void *name, void *value, size_t size)',
);
const cLlistxattr = libcFunction<[Uint8Array, Uint8Array | null, number], number>(
  'intptr_t llistxattr(void *path, void *list, size_t size)',
);

/** xattr(7): the kernel's limits for a value and for a list of names. */
const VALUE_MAX = 65536;
const LIST_MAX = 65536;

/** A file named by the directory it is in: the magic link leads to the very directory, and the name is not followed. */
export function pathIn(dirfd: number, name: ByteString): ByteString {
  return name === '' ? `/proc/self/fd/${dirfd}/.` : `/proc/self/fd/${dirfd}/${name}`;
}

/** 0, or a negative errno. A symbolic link's own. */
export function setXattr(path: ByteString, name: ByteString, value: Uint8Array): number {
  const bytes = value.length === 0 ? new Uint8Array(1) : value;
  return cLsetxattr(cString(path), cString(name), bytes, value.length, 0) === 0 ? 0 : -errno();
}

const cFsetxattr = libcFunction<[number, Uint8Array, Uint8Array, number, number], number>(
  'int fsetxattr(int fd, void *name, void *value, size_t size, int flags)',
);

/** The same on an open file. */
export function setXattrOn(fd: number, name: ByteString, value: Uint8Array): number {
  const bytes = value.length === 0 ? new Uint8Array(1) : value;
  return cFsetxattr(fd, cString(name), bytes, value.length, 0) === 0 ? 0 : -errno();
}

/** overlayfs.rst: the names it keeps its own notes under, with privileges and without (userxattr). */
export function isOverlayXattr(name: ByteString): boolean {
  return name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.');
}

/** undefined where there is none by that name. */
export function getXattr(path: ByteString, name: ByteString): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(VALUE_MAX);
  const size = cLgetxattr(cString(path), cString(name), buffer, VALUE_MAX);
  return size < 0 ? undefined : Buffer.from(buffer.subarray(0, size));
}

/** The names; none where the file system has no such thing. */
export function listXattrs(path: ByteString): ByteString[] {
  const buffer = Buffer.allocUnsafe(LIST_MAX);
  const size = cLlistxattr(cString(path), buffer, LIST_MAX);
  if (size <= 0) return [];
  return buffer
    .toString('latin1', 0, size)
    .split('\0')
    .filter((name) => name !== '');
}
