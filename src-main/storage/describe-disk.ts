import { statSync } from 'node:fs';
import type { DiskFormat } from './block-backend.ts';
import { HostImageFile } from './image-file.ts';
import { backingPath, formatOf } from './open-layer.ts';
import { INCOMPATIBLE, LAZY_REFCOUNTS, readHeader } from './qcow2/header.ts';

/** What can be told of an image without opening what it is based on. */
export interface DiskDescription {
  readonly path: string;
  readonly format: DiskFormat;
  /** What a guest sees, in bytes. */
  readonly sizeBytes: number;
  /** What it takes of the host's disk. */
  readonly usedBytes: number;
  readonly qcow2?: {
    readonly version: number;
    readonly clusterBytes: number;
    readonly refcountBits: number;
    readonly compression: string;
    readonly lazyRefcounts: boolean;
    readonly snapshots: number;
    /** Its last writer did not close it. */
    readonly dirty: boolean;
    readonly corrupt: boolean;
    readonly backing: { readonly name: string; readonly path: string; readonly format: string | null } | null;
  };
}

export function describeDisk(path: string, format?: DiskFormat): DiskDescription {
  const file = HostImageFile.open(path, { readOnly: true, locked: false });
  try {
    const found = format ?? formatOf(file);
    const usedBytes = statSync(path).blocks * 512;
    if (found === 'raw') return { path, format: found, sizeBytes: file.size(), usedBytes };
    const header = readHeader(file);
    const { backing } = header;
    return {
      path,
      format: found,
      sizeBytes: header.size,
      usedBytes,
      qcow2: {
        version: header.version,
        clusterBytes: 2 ** header.clusterBits,
        refcountBits: 2 ** header.refcountOrder,
        compression: header.compression,
        lazyRefcounts: (header.compatible & LAZY_REFCOUNTS) !== 0,
        snapshots: header.snapshotCount,
        dirty: (header.incompatible & INCOMPATIBLE.dirty) !== 0,
        corrupt: (header.incompatible & INCOMPATIBLE.corrupt) !== 0,
        backing:
          backing === undefined
            ? null
            : { name: backing.name, path: backingPath(path, backing), format: backing.format ?? null },
      },
    };
  } finally {
    file.dispose();
  }
}
