import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Failure } from '../../base/failure.ts';
import { openInRoot } from '../../linux/in-root.ts';
import type { EngineShared } from './engine-shared.ts';

const run = promisify(execFile);

/** Fills an empty volume with what the image has where it will be mounted, owners, modes and attributes included. */
export async function copyUp(id: string, destination: string, volume: string, { images }: EngineShared): Promise<void> {
  if (readdirSync(volume).length > 0) return;
  const rootfs = images.snapshots.mount(id);
  try {
    const fd = openInRoot(rootfs, destination);
    try {
      const source = `/proc/${process.pid}/fd/${fd.number}`;
      if (!statSync(source).isDirectory()) return;
      await run('cp', ['-a', '--', `${source}/.`, volume]);
    } finally {
      fd.dispose();
    }
  } catch (error) {
    if ((error as Failure).facts?.errno === 'ENOENT' || (error as Failure).facts?.errno === 'ENOTDIR') return;
    throw error;
  } finally {
    images.snapshots.unmount(id);
  }
}
