import { readFileSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { mount } from '../../linux/classic-mount.ts';
import type { ByteString } from '../../linux/dir-fd.ts';
import { Fd, O } from '../../linux/fd.ts';
import { SystemCallFailure } from '../../linux/libc.ts';
import { inUserNamespace } from '../../linux/user-namespace.ts';

export interface OverlayFolders {
  /** Top first; at least one. */
  readonly lowerdirs: readonly string[];
  readonly upperdir?: string;
  readonly workdir?: string;
}

/**
 * Mounts an overlay (overlayfs.rst). Folders are handed over as open descriptors, since mount(2) takes one page of
 * options, too short for the paths of many layers, and since no character of a path then means anything.
 * Notes of other systems' making are not followed: no redirects, no metadata-only copies.
 */
export function mountOverlay({ lowerdirs, upperdir, workdir }: OverlayFolders, target: string): void {
  const open: Fd[] = [];
  const handle = (path: string): string => {
    const fd = Fd.open(path, O.PATH | O.DIRECTORY);
    open.push(fd);
    return `/proc/self/fd/${fd.number}`;
  };
  try {
    const options = [`lowerdir=${lowerdirs.map(handle).join(':')}`];
    if (upperdir !== undefined && workdir !== undefined) {
      options.push(`upperdir=${handle(upperdir)}`, `workdir=${handle(workdir)}`);
    }
    options.push('index=off');
    // With userxattr both are off, and may not be named: what `redirect_dir=off` means depends on how the kernel was made.
    if (inUserNamespace()) options.push('userxattr');
    else options.push('metacopy=off', 'redirect_dir=off');
    mount('overlay', target, 'overlay', 0, options.join(','));
  } catch (error) {
    if (upperdir === undefined || !(error instanceof SystemCallFailure && error.errnoName === 'EINVAL')) throw error;
    throw new Failure('host', 'no-upper-layer', `${upperdir}: its file system takes no writable layer of a container`, {
      hint: 'set XDG_DATA_HOME to a folder on ext4, xfs, btrfs or tmpfs; another overlay or a network file system will not do',
      cause: error,
    });
  } finally {
    for (const fd of open) fd.dispose();
  }
}

/** Whether something is mounted at `path`, which must be free of links. */
export function isMounted(path: string): boolean {
  return mountPoints().has(path);
}

/** proc_pid_mountinfo(5): the fifth field, with octal escapes. */
export function mountPoints(): Set<string> {
  const points = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return new Set(points.map((point) => Buffer.from(unescapeOctal(point), 'latin1').toString('utf8')));
}

function unescapeOctal(text: ByteString): ByteString {
  return text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
