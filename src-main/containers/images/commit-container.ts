import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { holdingStoreLock } from '../store/store-lock.ts';
import { applyChanges } from './dockerfile-changes.ts';
import type { CommitOptions, Image } from './image-store.ts';
import type { LocalSnapshots } from './local-snapshots.ts';
import { diffIdsOf, MEDIA } from './manifest.ts';
import { makeImage } from './new-image.ts';
import { parseReference } from './reference.ts';
import { type StoreParts, underLease } from './store-parts.ts';

/** An image of a container's image and, as one more layer, what the container changed. */
export function commitContainer(
  parts: StoreParts,
  snapshots: LocalSnapshots,
  containerId: string,
  options: CommitOptions,
): Promise<Image> {
  const { reference, author = '', comment = '', changes = [], signal } = options;
  if (reference) parseReference(reference);
  const { content, catalog, rootfs, workers, paths } = parts;
  const base = catalog.resolve(rootfs.require(containerId).imageId);
  const run = applyChanges(options.config ?? base.config.config ?? {}, changes);
  return underLease(parts, async (lease) => {
    const blob = { digest: base.manifestDigest };
    const { layers } = catalog.manifest(blob.digest);
    const out = join(paths.intake, `new-${randomBytes(8).toString('hex')}`);
    try {
      const { diffId, digest, size } = await workers.run(
        { kind: 'pack', ...snapshots.tree(containerId), out },
        { signal },
      );
      await holdingStoreLock(paths.lock, () => {
        lease.add([digest, ...layers.map((layer) => layer.digest)]);
        renameSync(out, content.path(digest));
      });
      const created = new Date().toISOString();
      const config = {
        ...base.config,
        created,
        author,
        config: run,
        rootfs: { type: 'layers', diff_ids: [...diffIdsOf(base.config), diffId] },
        history: [...(base.config.history ?? []), { created, author, created_by: (run.Cmd ?? []).join(' '), comment }],
      };
      const layer = { mediaType: MEDIA.ociLayerGzip, digest, size };
      return await makeImage(parts, lease, { layers: [...layers, layer], config, reference }, options);
    } finally {
      rmSync(out, { force: true });
    }
  });
}
