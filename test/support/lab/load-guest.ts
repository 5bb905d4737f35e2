import { USER_NETWORK } from '../../../src-main/network/passt/passt-arguments.ts';
import type { DebianGuest } from './debian-guest.ts';
import { clone, type Lab } from './lab.ts';

/** What the guest below prints once it takes orders. */
export const READY = 'READY FOR ORDERS';
/** Where the lab has the load generators. */
export const LOAD_PROGRAMS = '/tmp/load-guest/root/bin';

const MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk'],
  ...['failover', 'net_failover', 'virtio_net'],
];

const INIT = `#!/bin/busybox sh
export PATH=/bin
busybox mkdir -p /proc /dev
busybox mount -t proc proc /proc; busybox mount -t devtmpfs dev /dev
for module in ${MODULES.join(' ')}; do busybox insmod /modules/$module.ko; done
if [ -e /proc/sys/net/ipv4/conf/eth0 ]; then
  busybox ip address add ${USER_NETWORK.guest}/${USER_NETWORK.prefix} dev eth0
  busybox ip link set eth0 mtu ${USER_NETWORK.mtu} up
fi
busybox stty -echo
echo "${READY}"
while read -r line; do eval "$line"; done
`;

/**
 * The distribution's kernel with the modules of virtio's disk and network card, and a shell that does what it reads from
 * the serial line (ask-guest.mjs); it has `disk-load` and `net-load`.
 */
export async function makeLoadGuest(lab: Lab): Promise<DebianGuest> {
  const folder = '/tmp/load-guest';
  const sources = `${clone}/test/support/lab/guest`;
  await lab.output(
    `set -e; mkdir -p ${LOAD_PROGRAMS}; cd ${folder}/root
     cp $(command -v busybox) bin/busybox; cat > init; chmod +x init
     for program in disk-load net-load; do gcc -O2 -static -o bin/$program ${sources}/$program.c; done
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
