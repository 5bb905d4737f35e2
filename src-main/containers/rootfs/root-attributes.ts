import { AT, chmodAt, chownAt, setTimeAt, statusAt } from '../../linux/dir-fd.ts';

/** The root of an overlay looks as its upper folder does: as the image's root, then. */
export function likeRootBelow(upper: string, below: string): void {
  const name = (path: string): string => Buffer.from(path).toString('latin1');
  const status = statusAt(AT.FDCWD, name(below));
  if (!status) return;
  chownAt(AT.FDCWD, name(upper), status.uid, status.gid);
  chmodAt(AT.FDCWD, name(upper), status.mode & 0o7777);
  setTimeAt(AT.FDCWD, name(upper), status.seconds, status.nanoseconds);
}
