import { Failure } from '../../base/failure.ts';
import type { BootImage } from '../../boot/boot-image.ts';
import { planBoot } from '../../boot/plan-boot.ts';
import { buildAcpiTables } from '../../devices/acpi/tables/acpi-tables.ts';
import type { AcceleratorName } from '../../hypervisor/hypervisor.ts';
import type { BootSource, MachineConfig } from '../../inventory/machine-config.ts';
import { builtInGuest } from '../../inventory/resources.ts';
import { MiB } from '../layout.ts';
import { planFirmwareBoot } from './plan-firmware-boot.ts';

/** What a kernel of the user's is told when the machine has no command line of its own. */
const DEFAULT_COMMAND_LINE = 'console=ttyS0';

/** The boot image a machine's configuration asks for; throws what is wrong with its files. */
export function planMachineBoot(
  config: MachineConfig,
  accelerator: AcceleratorName,
  apicIds: readonly number[],
): BootImage {
  if (config.boot.kind === 'firmware') return planFirmwareBoot();
  const { kernel, initrd, commandLine } = bootFiles(config, config.boot);
  return planBoot({
    kernel,
    initrd,
    commandLine,
    memoryBytes: config.memoryMiB * MiB,
    acpiTables: buildAcpiTables({ apicIds }),
    prefer32: accelerator === 'translated',
  });
}

function bootFiles(
  { name, memoryMiB }: MachineConfig,
  boot: Exclude<BootSource, { kind: 'firmware' }>,
): {
  kernel: string;
  initrd: string | undefined;
  commandLine: string;
} {
  if (boot.kind === 'kernel') {
    return { kernel: boot.kernel, initrd: boot.initrd, commandLine: boot.commandLine ?? DEFAULT_COMMAND_LINE };
  }
  const guest = builtInGuest(boot.guest);
  if (memoryMiB < guest.minMemoryMiB) {
    throw new Failure(
      'usage',
      'too-little-memory',
      `machine "${name}": ${guest.name} needs ${guest.minMemoryMiB} MiB`,
      {
        hint: `bulkhead vm set ${JSON.stringify(name)} memory=${guest.recommendedMemoryMiB}M`,
      },
    );
  }
  return { kernel: guest.kernel, initrd: guest.initrd, commandLine: boot.commandLine ?? guest.cmdline };
}
