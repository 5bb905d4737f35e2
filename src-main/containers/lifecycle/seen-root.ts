import { Failure } from '../../base/failure.ts';
import { Fd, O } from '../../linux/fd.ts';
import type { Container } from './container.ts';
import type { EngineShared } from './engine-shared.ts';
import type { MountPoint } from './mount-points.ts';

/** A part of what a container sees: an open folder, and the rest of the path from there. */
export interface SeenRoot {
  readonly root: number;
  readonly path: string;
}

/**
 * The root of a container for one piece of work: of one that runs, with everything it has mounted; of one that does not,
 * its root file system, or the volume the path is in.
 */
export async function withSeenRoot<T>(
  container: Container,
  shared: EngineShared,
  path: string,
  purpose: 'read' | 'write',
  work: (seen: SeenRoot) => Promise<T>,
): Promise<T> {
  const inside = path.startsWith('/') ? path : `/${path}`;
  const mount = mountOf(container.record.mounts, inside);
  if (purpose === 'write') refuseReadOnly(container, mount);
  if (container.live) return opened(`/proc/${container.pid}/root`, inside, work);
  if (mount !== undefined && mount.type !== 'tmpfs') {
    return opened(mount.source, inside.slice(mount.destination.length) || '/', work);
  }
  return container.withRootfs(shared.images, (rootfs) => opened(rootfs, inside, work));
}

async function opened<T>(folder: string, path: string, work: (seen: SeenRoot) => Promise<T>): Promise<T> {
  const fd = Fd.open(folder, O.RDONLY | O.DIRECTORY);
  try {
    return await work({ root: fd.number, path });
  } finally {
    fd.dispose();
  }
}

/** The innermost mount a path is in. */
function mountOf(mounts: readonly MountPoint[], path: string): MountPoint | undefined {
  return mounts
    .filter(({ destination }) => path === destination || path.startsWith(`${destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
}

function refuseReadOnly({ record }: Container, mount: MountPoint | undefined): void {
  if (mount === undefined ? !record.hostConfig.ReadonlyRootfs : mount.writable) return;
  const what = mount === undefined ? 'container rootfs' : 'mounted volume';
  throw new Failure('state', 'permission-refused', `${what} is marked read-only`);
}
