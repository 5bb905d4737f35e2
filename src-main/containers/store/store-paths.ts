import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../../inventory/atomic-file.ts';
import { makePrivateFolder } from '../../inventory/paths.ts';

/** Where everything in an image store lies. Its root is an OCI layout, with what we add beside. */
export interface StorePaths {
  readonly root: string;
  /** OCI layout: names and manifests. */
  readonly index: string;
  readonly blobs: string;
  /** Blobs on their way in; an interrupted one waits here under its digest. */
  readonly intake: string;
  /** Unpacked layers by chain ID. */
  readonly layers: string;
  /** Containers' own layers. */
  readonly rootfs: string;
  readonly leases: string;
  /** Folders about to be deleted. */
  readonly trash: string;
  /** Work in progress: one flock'ed folder per job. */
  readonly scratch: string;
  readonly lock: string;
}

/** Makes the folders of a store. */
export function makeStore(folder: string): StorePaths {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = realpathSync(folder);
  makePrivateFolder(root);
  const at = (...names: string[]): string => {
    const path = join(root, ...names);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const layout = join(root, 'oci-layout');
  if (!existsSync(layout)) writeFileAtomically(layout, '{"imageLayoutVersion":"1.0.0"}');
  return {
    root,
    index: join(root, 'index.json'),
    blobs: at('blobs', 'sha256'),
    intake: at('intake'),
    layers: at('layers'),
    rootfs: at('rootfs'),
    leases: at('leases'),
    trash: at('trash'),
    scratch: at('scratch'),
    lock: join(root, 'lock'),
  };
}
