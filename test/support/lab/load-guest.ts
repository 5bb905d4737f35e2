import type { DebianGuest } from './debian-guest.ts';
import { clone, type Lab } from './lab.ts';

/** What the guest below prints once it takes orders. */
export const READY = 'READY FOR ORDERS';

const MODULES = ['virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk'];

const INIT = `#!/bin/busybox sh
export PATH=/bin
busybox mkdir -p /proc /dev
busybox mount -t proc proc /proc; busybox mount -t devtmpfs dev /dev
for module in ${MODULES.join(' ')}; do busybox insmod /modules/$module.ko; done
busybox stty -echo
echo "${READY}"
while read -r line; do eval "$line"; done
`;

/**
 * The distribution's kernel with the modules of virtio's disk, and a shell that does what it reads from
 * the serial line (ask-guest.mjs); it has `disk-load`.
 */
export async function makeLoadGuest(lab: Lab): Promise<DebianGuest> {
  const folder = '/tmp/load-guest';
  const sources = `${clone}/test/support/lab/guest`;
  await lab.output(
    `set -e; mkdir -p ${folder}/root/bin; cd ${folder}/root
     cp $(command -v busybox) bin/busybox; cat > init; chmod +x init
     gcc -O2 -static -o bin/disk-load ${sources}/disk-load.c
     zcat ${clone}/.cache/lab/initrd.gz | cpio -id --quiet ${MODULES.map((name) => `modules/${name}.ko`).join(' ')}
     find . | cpio -o -H newc --quiet | gzip -1 > ../initrd.gz`,
    { input: INIT, seconds: 120 },
  );
  return {
    kernel: `${clone}/.cache/lab/vmlinuz`,
    initrd: `${folder}/initrd.gz`,
    commandLine: 'console=ttyS0 quiet',
    memoryMiB: 512,
  };
}
