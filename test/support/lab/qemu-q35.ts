import { networkArguments } from '../../../src-main/network/passt/passt-arguments.ts';
import type { Lab } from './lab.ts';

/**
 * QEMU on KVM with nothing but what it is given: its q35 has PCI, MSI-X, ioeventfds and interrupts from the host's kernel
 * as our machines do, and modern virtio-pci devices on request (`microvm` has virtio-mmio).
 */
export function q35(memoryMiB: number): string {
  return `qemu-system-x86_64 -M q35 -accel kvm -cpu host -m ${memoryMiB} -display none -nodefaults -no-user-config`;
}

/** A disk of that machine's, through the host's page cache and by io_uring, as ours are. */
export function virtioDisk(file: string, format: 'raw' | 'qcow2' = 'raw'): string {
  return `-drive file=${file},format=${format},if=none,id=disk,aio=io_uring -device virtio-blk-pci,disable-legacy=on,drive=disk`;
}

/** A network card of that machine's on the passt at `socket`. */
export function virtioCard(socket: string, more = ''): string {
  return `-netdev stream,id=net,server=off,addr.type=unix,addr.path=${socket} -device virtio-net-pci,disable-legacy=on,netdev=net,romfile=${more}`;
}

/** Starts a passt as our machines have it, for one QEMU; it ends with that. The lab has no way out. */
export async function startPasst(lab: Lab, socket: string): Promise<void> {
  const command = `passt --foreground --one-off --stderr --socket ${socket} ${networkArguments(true).join(' ')}`;
  await lab.output(
    `rm -f ${socket}; ${command} </dev/null >${socket}.log 2>&1 & passt=$!
     until [ -S ${socket} ]; do kill -0 $passt || { cat ${socket}.log; exit 1; }; sleep 0.1; done`,
  );
}
