import type { Lab } from '../support/lab/lab.ts';
import { virtioDisk } from '../support/lab/qemu-q35.ts';
import type { Figure } from './figure.ts';
import { benchPair, LabPair, type Load, type Pace } from './lab-pair.ts';

const FOLDER = '/tmp/disks';
const IMAGE_MIB = 128;
const [BIG, SMALL] = [1 << 20, 4096];
/** Processes that each wait for their own block. */
const DEEP = 8;

const pace: Pace = { warmUpS: 10, loadS: 2, runs: 5 };
const loads: readonly Load[] = [
  load('disk-read', 'read', BIG),
  load('disk-write', 'write', BIG),
  load('disk-random-read', 'read', SMALL),
  load('disk-random-write', 'write', SMALL),
  load('disk-random-read-deep', 'read', SMALL, DEEP),
  load('disk-random-write-deep', 'write', SMALL, DEEP),
];

/**
 * In the KVM lab: a guest's virtio disk by O_DIRECT, on an image file of ext4 that the host has in its page cache, against
 * QEMU's virtio-blk-pci on KVM with the same image, also written through the page cache and by io_uring.
 */
export function benchDisk(): Promise<Figure[]> {
  return benchPair(startPair, loads, pace);
}

async function startPair(lab: Lab): Promise<LabPair> {
  await makeImages(lab);
  return LabPair.start(lab, {
    ours: ['--disk', `${FOLDER}/ours`],
    qemu: virtioDisk(`${FOLDER}/qemu`),
  });
}

function load(name: string, direction: 'read' | 'write', block: number, processes = 1): Load {
  const big = block === BIG;
  return {
    name,
    unit: big ? 'MB/s' : 'IOPS',
    order: (seconds) =>
      `disk-load /dev/vda ${direction} ${big ? 'sequential' : 'random'} ${block} ${seconds} ${processes}`,
    each: big ? BIG / 1e6 : 1,
  };
}

/** Two images of the same bytes, none of them zero. */
async function makeImages(lab: Lab): Promise<void> {
  const disk = '/dev/shm/disk';
  await lab.output(
    `mkdir ${FOLDER} && truncate -s ${3 * IMAGE_MIB}M ${disk} && mke2fs -q -t ext4 ${disk} && mount -o loop ${disk} ${FOLDER} &&
     head -c ${IMAGE_MIB}M /dev/zero | tr '\\0' x | tee ${FOLDER}/ours > ${FOLDER}/qemu`,
    { seconds: 120 },
  );
}
