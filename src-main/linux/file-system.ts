import os from 'node:os';
import { libcAsyncFunction, SystemCallFailure } from './libc.ts';

const cSyncfs = libcAsyncFunction<[number], number>('int syncfs(int fd)');

/** syncfs(2): gets everything written to the file system of `fd` to its disk. It fails with nothing but EIO and its kin. */
export async function syncFileSystem(fd: number, object: string): Promise<void> {
  if ((await cSyncfs(fd)) < 0) throw new SystemCallFailure('syncfs', os.constants.errno.EIO, object);
}
