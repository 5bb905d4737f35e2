import { Failure } from '../base/failure.ts';
import { isUserData } from '../cloud-init/seed.ts';
import { sha512Crypt } from '../cloud-init/sha512-crypt.ts';
import type { CloudInit, DiskFacts, WantedDisk as ShownDisk } from '../contract/hardware.ts';
import { type CpuTemplates, formatCpuSpec, parseCpuSpec } from '../cpu/cpu-spec.ts';
import type { CloudInit as KeptSeed } from '../inventory/machine-hardware.ts';
import { settledPinning } from '../inventory/pinning.ts';
import { backingChain } from '../storage/backing-chain.ts';
import { describeDisk } from '../storage/describe-disk.ts';
import { inspectDiskFile } from '../vmm/client/disk-file.ts';
import { checkedMedium } from '../vmm/client/iso-file.ts';
import type { WantedDisk } from '../vmm/client/machine-disks.ts';

interface Settings {
  readonly cpu?: string | null | undefined;
  readonly pinning?: string | null | undefined;
  readonly disks?: readonly ShownDisk[] | undefined;
  readonly cdrom?: string | null | undefined;
  readonly cloudInit?: CloudInit | null | undefined;
}

/** What the window wants of a machine, with everything checked that the inventory cannot, in the form it keeps. */
export function settled<T extends Settings>(change: T, templates: CpuTemplates) {
  const { cpu, pinning, disks, cdrom, cloudInit } = change;
  return {
    ...change,
    ...(typeof cpu === 'string' ? { cpu: formatCpuSpec(parseCpuSpec(cpu, templates)) } : {}),
    ...(typeof pinning === 'string' ? { pinning: settledPinning(pinning) } : {}),
    ...(typeof cdrom === 'string' ? { cdrom: checkedMedium(cdrom) } : {}),
    disks: disks?.map(settledDisk),
    cloudInit: cloudInit && settledSeed(cloudInit),
  };
}

/** What a file offered as a disk is; throws where it cannot be one. */
export function diskFacts(path: string, readOnly: boolean): DiskFacts {
  const { format } = inspectDiskFile(path, readOnly);
  const { sizeBytes, usedBytes } = describeDisk(path, format);
  return { format, sizeBytes, usedBytes, backing: backingChain(path, format) };
}

function settledDisk(disk: ShownDisk): WantedDisk {
  if ('newSizeMiB' in disk) return { sizeBytes: disk.newSizeMiB * 2 ** 20, format: disk.format };
  return { ...disk, format: disk.format ?? inspectDiskFile(disk.path, disk.readOnly ?? false).format };
}

function settledSeed(seed: CloudInit): KeptSeed {
  if (seed.kind === 'raw') {
    if (isUserData(seed.userData)) return seed;
    throw new Failure('usage', 'not-user-data', 'cloud-init would not read this user data', {
      hint: 'its first line says what it is: #cloud-config, or #! for a script',
    });
  }
  const { password, ...kept } = seed;
  return password === undefined ? kept : { ...kept, passwordHash: sha512Crypt(password) };
}
