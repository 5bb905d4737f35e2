import { owning } from '../base/disposable.ts';
import type { BackingFile, BlockBackend, OpenDiskOptions } from './block-backend.ts';
import { HostImageFile, type ImageFile } from './image-file.ts';
import { openQcow2 } from './open-layer.ts';
import { Qcow2Disk } from './qcow2/qcow2-disk.ts';
import { takeOver } from './qcow2/take-over.ts';
import { RawDisk } from './raw/raw-disk.ts';
import { RingTransfers } from './ring-transfers.ts';
import { DirectTransfers, type Transfers } from './transfers.ts';

/** Opens a disk image for one thread's use, locked against other programs. */
export function openDisk({ path, format, readOnly, backing, synchronous = false }: OpenDiskOptions): BlockBackend {
  return owning((owner) => {
    const file = owner.own(HostImageFile.open(path, { readOnly }));
    const transfers = owner.own(transfersFor(synchronous));
    return format === 'raw' ? new RawDisk(file, transfers) : openQcow2Disk(file, transfers, backing);
  });
}

/** A qcow2 image in an open file as a disk, which owns file and transfers. */
export function openQcow2Disk(file: ImageFile, transfers: Transfers, backing: readonly BackingFile[] = []): Qcow2Disk {
  if (!file.readOnly) takeOver(file);
  return new Qcow2Disk(
    openQcow2(file, backing, () => transfers.drain()),
    transfers,
  );
}

/** How a disk's bytes come and go in one thread: at once where it is to be `synchronous`. */
export function transfersFor(synchronous: boolean): Transfers {
  return synchronous ? new DirectTransfers() : (RingTransfers.tryCreate() ?? new DirectTransfers());
}
