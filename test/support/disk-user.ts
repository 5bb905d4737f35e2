import { MemoryPieces } from '../../src-main/base/memory-pieces.ts';
import { backingChain } from '../../src-main/storage/backing-chain.ts';
import type {
  BlockBackend,
  BlockOperation,
  BlockStatus,
  OpenDiskOptions,
} from '../../src-main/storage/block-backend.ts';
import { openDisk } from '../../src-main/storage/open-disk.ts';

/** Opens a disk for as long as `use` runs, with all it is based on. */
export function performing<T>(options: OpenDiskOptions, use: (disk: BlockBackend) => T): T {
  const disk = openDisk({ backing: backingChain(options.path, options.format), ...options });
  try {
    return use(disk);
  } finally {
    disk.dispose();
  }
}

/** One request, from submission to its end. */
export function perform(
  disk: BlockBackend,
  op: BlockOperation,
  offset: number,
  segments: readonly Uint8Array[],
  length = segments.reduce((sum, segment) => sum + segment.length, 0),
): BlockStatus {
  let status: BlockStatus | undefined;
  disk.submit({
    op,
    offset,
    length,
    pieces: MemoryPieces.of(...segments),
    done(result) {
      if (status !== undefined) throw new Error('done twice');
      status = result;
    },
  });
  while (status === undefined) disk.reap();
  return status;
}
