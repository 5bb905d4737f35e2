import { owning } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';
import { backingChain } from './backing-chain.ts';
import type { DiskFormat } from './block-backend.ts';
import { HostImageFile, type ImageFile } from './image-file.ts';
import { formatOf, openQcow2 } from './open-layer.ts';
import { ClusterWriter } from './qcow2/cluster-writer.ts';
import { bytesPerL2Table, FIELD, writeField } from './qcow2/header.ts';
import { takeOver } from './qcow2/take-over.ts';

/** Makes a disk larger; what is new reads as zeros. */
export function resizeDisk(path: string, size: number, format?: DiskFormat): { before: number; after: number } {
  return owning((owner) => {
    const file = owner.own(HostImageFile.open(path, { readOnly: false }));
    const before = (format ?? formatOf(file)) === 'raw' ? growRaw(file, size) : growQcow2(file, size);
    file.dispose();
    return { before, after: size };
  });
}

function growRaw(file: ImageFile, size: number): number {
  const before = file.size();
  refuseShrinking(file, before, size);
  file.resize(size);
  file.sync();
  return before;
}

function growQcow2(file: ImageFile, size: number): number {
  takeOver(file);
  // Of what it is based on only the size matters.
  const layer = openQcow2(file, backingChain(file.object, 'qcow2'));
  const { metadata, header, backing } = layer;
  try {
    refuseShrinking(file, header.size, size);
    if (header.version === 2 && header.snapshotCount > 0)
      throw new Failure(
        'failed',
        'disk-snapshots',
        `${file.object}: a version 2 image with snapshots cannot be resized`,
      );
    const entries = Math.ceil(size / bytesPerL2Table(header.clusterBits));
    if (entries * 8 > 32 * 1024 * 1024)
      throw new Failure('usage', 'disk-too-large', `${file.object}: a qcow2 image cannot be that large`);
    metadata.growL1(entries);
    // What the backing file has beyond the disk's old end must not come to light.
    const hidden = Math.min(size, backing?.sizeBytes ?? 0) - header.size;
    if (hidden > 0) new ClusterWriter(layer).zero(header.size, hidden);
    while (!metadata.clean) metadata.commit();
    writeField(file, FIELD.size, [size]);
    file.sync();
    return header.size;
  } finally {
    backing?.dispose();
  }
}

function refuseShrinking(file: ImageFile, before: number, after: number): void {
  if (after >= before) return;
  throw new Failure('state', 'disk-shrink', `${file.object}: has ${before} bytes and cannot be made smaller`, {
    hint: 'shrinking would cut off what the guest has there; copy the files to a smaller disk instead',
  });
}
