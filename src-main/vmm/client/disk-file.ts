import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';

/** The first bytes of a qcow2 image (QEMU docs/interop/qcow2.txt, "Header"). */
const QCOW2_MAGIC = 0x514649fb;

/**
 * Looks at a file that is to be a disk; throws when it cannot be one. What its first bytes say counts only now, while a
 * person asks: later a guest may have written them.
 */
export function inspectDiskFile(path: string, readOnly: boolean): { readonly format: 'raw' | 'qcow2' } {
  let fd: number;
  try {
    fd = openSync(path, readOnly ? 'r' : 'r+');
  } catch (error) {
    throw unusable(path, error as NodeJS.ErrnoException);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() && !stat.isBlockDevice()) {
      throw new Failure('usage', 'not-a-disk', `disk ${path}: it is neither a file nor a block device`);
    }
    const head = Buffer.alloc(4);
    const qcow2 = readSync(fd, head, 0, 4, 0) === 4 && head.readUInt32BE() === QCOW2_MAGIC;
    if (!qcow2 && stat.isFile() && stat.size < 512) {
      throw new Failure('usage', 'not-a-disk', `disk ${path}: it is shorter than one sector`);
    }
    return { format: qcow2 ? 'qcow2' : 'raw' };
  } finally {
    closeSync(fd);
  }
}

function unusable(path: string, error: NodeJS.ErrnoException): Failure {
  if (error.code === 'ENOENT') return new Failure('usage', 'no-such-file', `disk ${path}: there is no such file`);
  if (error.code === 'EISDIR') return new Failure('usage', 'not-a-disk', `disk ${path}: it is a folder`);
  const hint = 'make it yours, or give it with `,readonly`';
  return new Failure('host', 'permission-denied', `disk ${path}: it cannot be opened (${error.code})`, { hint });
}
