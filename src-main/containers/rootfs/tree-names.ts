import { Failure, type FailureOptions } from '../../base/failure.ts';
import type { ByteString } from '../../linux/dir-fd.ts';
import { printable } from '../archive/tar-reader.ts';

/** path_resolution(7): the kernel's limits. */
const PATH_MAX = 4095;
const NAME_MAX = 255;

/** OCI image 1.1 layer.md §Whiteouts. */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** What AUFS kept for itself; a name in its own right in no layer. */
const AUFS_OWN = '.wh..wh.';

export function refused(name: ByteString, why: string, options: FailureOptions = {}): Failure {
  return new Failure('failed', 'layer-refused', `layer: ${printable(name)} ${why}`, options);
}

/**
 * A name of an archive as the path from the root it is unpacked in, without a leading slash: `''` is the root itself.
 * Absolute names are taken from that root. Names that climb out of it are refused.
 */
export function cleanName(name: ByteString): ByteString {
  if (name.length > PATH_MAX) throw refused(`${name.slice(0, 40)}…`, 'is too long a name');
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) throw refused(name, 'leads out of the root');
      continue;
    }
    if (part.length > NAME_MAX) throw refused(`${name.slice(0, 40)}…`, 'is too long a name');
    parts.push(part);
  }
  return parts.join('/');
}

export function splitPath(path: ByteString): { parent: ByteString; base: ByteString } {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? { parent: '', base: path } : { parent: path.slice(0, slash), base: path.slice(slash + 1) };
}

export type Whiteout =
  | { readonly kind: 'remove'; readonly base: ByteString }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'ignore' };

/** What a file's name says beyond naming it; undefined for an ordinary one. */
export function whiteoutOf(path: ByteString): Whiteout | undefined {
  const { base } = splitPath(path);
  if (!base.startsWith(WHITEOUT)) return undefined;
  if (base === OPAQUE) return { kind: 'opaque' };
  if (base.startsWith(AUFS_OWN)) return { kind: 'ignore' };
  const removed = base.slice(WHITEOUT.length);
  if (removed === '' || removed === '.' || removed === '..') throw refused(path, 'is a whiteout of nothing');
  return { kind: 'remove', base: removed };
}

export const whiteoutName = (base: ByteString): ByteString => `${WHITEOUT}${base}`;
export const opaqueName = OPAQUE;
