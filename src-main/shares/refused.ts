import os from 'node:os';

export const { EACCES, EBADF, EEXIST, EINVAL, EIO, EISDIR, EMFILE, ENOENT, ENOTDIR, ENXIO, EOPNOTSUPP, EPERM, EROFS } =
  os.constants.errno;

/** What the guest is told instead of an answer: a Linux errno. */
export class Refused extends Error {
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

/** A system call's result; throws where it is a negative errno. */
export function granted(result: number): number {
  if (result < 0) throw new Refused(-result);
  return result;
}

/** The errno of whatever a system call of Node's or ours threw. */
export function errnoOf(error: unknown): number {
  if (error instanceof Refused) return error.errno;
  const { errno } = error as { errno?: unknown };
  return typeof errno === 'number' && errno < 0 ? -errno : EIO;
}
