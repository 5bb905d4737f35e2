import { tryLockFile } from '../../linux/file-lock.ts';

/** Whether the process whose id a scratch folder's name carries (`layer-123-…`) has ended. */
export function processIsGone(name: string): boolean {
  const pid = Number(/^[a-z]+-(\d+)-/.exec(name)?.[1]);
  if (!Number.isInteger(pid)) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Whether some process has the file locked. */
export function isHeld(path: string): boolean {
  const lock = tryLockFile(path);
  lock?.dispose();
  return lock === null;
}
