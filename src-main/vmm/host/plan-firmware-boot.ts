import { join } from 'node:path';
import type { BootImage } from '../../boot/boot-image.ts';
import { firmwareFiles } from '../../boot/firmware/firmware-files.ts';
import { planFirmware } from '../../boot/firmware/plan-firmware.ts';
import type { FirmwareFacts } from '../../devices/legacy/fw-cfg.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { resourcesDir } from '../../inventory/resources.ts';
import { MiB } from '../layout.ts';
import type { BootableDevices } from './machine-devices.ts';

/** Tried one after another where the machine does not say otherwise. */
const DEFAULT_ORDER = ['disk', 'cdrom'] as const;

/** The firmware that boots this machine. */
export function planFirmwareBoot(): BootImage {
  return planFirmware(join(resourcesDir(), 'firmware/bios-256k.bin'), 'firmware (SeaBIOS)');
}

/** What the firmware of `config` is told; undefined when the machine boots without one. */
export function firmwareFacts(
  { boot, memoryMiB, cpus }: MachineConfig,
  acpiTables: Uint8Array,
  devices: BootableDevices,
): FirmwareFacts | undefined {
  if (boot.kind !== 'firmware') return undefined;
  const files = firmwareFiles({
    memoryBytes: memoryMiB * MiB,
    acpiTables,
    bootDevices: (boot.order ?? DEFAULT_ORDER).flatMap((kind) => (kind === 'network' ? [] : devices[kind])),
    menu: boot.menu ?? false,
  });
  return { cpus, files };
}
