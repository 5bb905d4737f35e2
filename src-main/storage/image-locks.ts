/**
 * How programs keep from writing to one image together: byte-range locks of the open file description, at the places
 * and with the meaning QEMU gives them (QEMU 7.2 block/file-posix.c, raw_apply_lock_bytes, raw_check_lock_bytes).
 *
 * A shared lock on byte 100 + n says "I do n", one on byte 200 + n says "nobody else may do n".
 */
import { Failure } from '../base/failure.ts';
import { patiently } from '../base/patiently.ts';
import type { Fd } from '../linux/fd.ts';
import { SystemCallFailure } from '../linux/libc.ts';
import { isRangeLocked, releaseRange, tryShareRange } from '../linux/range-lock.ts';

/** QEMU 7.2 block/file-posix.c: RAW_LOCK_PERM_BASE, RAW_LOCK_SHARED_BASE. */
const DOES_BASE = 100;
const FORBIDS_BASE = 200;

/** Bit numbers of BLK_PERM_*, QEMU 7.2 include/block/block-common.h. */
const CONSISTENT_READ = 0;
const WRITE = 1;
const RESIZE = 3;

interface Claim {
  readonly does: readonly number[];
  readonly forbids: readonly number[];
}

/** What a killed program had open for io_uring, the kernel closes some 20 ms after that program has ended. */
const LET_GO_MS = 500;

/** bdrv_default_perms_for_storage(): whoever reads an image forbids writing it meanwhile. */
const CLAIMS = {
  reader: { does: [CONSISTENT_READ], forbids: [WRITE, RESIZE] },
  writer: { does: [CONSISTENT_READ, WRITE, RESIZE], forbids: [WRITE, RESIZE] },
} satisfies Record<string, Claim>;

/** Locks an image that was just opened, until it is closed; refused when someone uses it in a way that collides. */
export function lockImage(file: Fd, role: keyof typeof CLAIMS): void {
  if (patiently(LET_GO_MS, () => (tryClaim(file, CLAIMS[role]) ? true : null))) return;
  throw new Failure('state', 'disk-in-use', `${file.object}: is in use by another program`, {
    hint: 'stop the machine or program that has this disk open',
  });
}

/** Whether it could be had; where not, nothing of it is kept. */
function tryClaim(file: Fd, { does, forbids }: Claim): boolean {
  try {
    const free =
      does.every((bit) => tryShareRange(file.number, file.object, DOES_BASE + bit)) &&
      forbids.every((bit) => tryShareRange(file.number, file.object, FORBIDS_BASE + bit)) &&
      !does.some((bit) => isRangeLocked(file.number, file.object, FORBIDS_BASE + bit)) &&
      !forbids.some((bit) => isRangeLocked(file.number, file.object, DOES_BASE + bit));
    if (!free) releaseRange(file.number, file.object, DOES_BASE, FORBIDS_BASE + RESIZE + 1 - DOES_BASE);
    return free;
  } catch (error) {
    // A file system without such locks: QEMU goes on without them, too.
    if (error instanceof SystemCallFailure && ['EINVAL', 'ENOLCK', 'ENOTSUP'].includes(error.errnoName)) return true;
    throw error;
  }
}
