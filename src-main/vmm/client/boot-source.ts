import { Failure } from '../../base/failure.ts';
import type { BootSource } from '../../inventory/machine-config.ts';
import { quote } from '../../inventory/machine-name.ts';
import { builtInGuest } from '../../inventory/resources.ts';

/** Throws when a machine could not boot from there: no such guest or file, not a kernel, too little memory for the guest. */
export async function checkBootSource(machine: { name: string; boot: BootSource; memoryMiB: number }): Promise<void> {
  const { name, boot, memoryMiB } = machine;
  if (boot.kind === 'guest') {
    const guest = builtInGuest(boot.guest);
    if (memoryMiB >= guest.minMemoryMiB) return;
    const message = `machine ${quote(name)}: ${memoryMiB} MiB of memory: ${guest.name} needs ${guest.minMemoryMiB} MiB`;
    throw new Failure('usage', 'bad-memory', message, { hint: `${guest.recommendedMemoryMiB} MiB suit it` });
  }
  if (boot.kind === 'firmware') return;
  const [{ describeKernel }, { PayloadFile }] = await Promise.all([
    import('../../boot/describe-kernel.ts'),
    import('../../boot/payload-file.ts'),
  ]);
  describeKernel(boot.kernel);
  if (boot.initrd !== undefined) PayloadFile.open('initrd', boot.initrd).dispose();
}
