import { Failure } from '../../base/failure.ts';
import { MAX_DEVICES } from '../../devices/pci/pci-bus.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import type { AcceleratorName } from '../../hypervisor/hypervisor.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { consolePortNames } from '../../inventory/machine-hardware.ts';
import type { NetLinkSeed } from '../../network/net-backend.ts';
import type { DriveSeed } from '../../storage/removable/drive-seed.ts';

/** More queues than this gain a disk nothing. */
const MOST_DISK_QUEUES = 4;
/** Device 0 is the host bridge. */
const FIRST_SLOT = 1;

/** A network of the machine's, opened: what its card is called and connected to. */
export interface ConnectedNetwork {
  readonly name: string;
  readonly mac: string;
  readonly link: NetLinkSeed;
}

/** Which of its devices a machine can be booted from, by their PCI device numbers. */
export interface BootableDevices {
  readonly disk: readonly number[];
  readonly cdrom: readonly number[];
}

export const CDROM = 'cdrom0';
const SEED = 'seed0';

/** What has been opened, or made, for a machine's devices. */
export interface OpenedForDevices {
  /** The image of its cloud-init seed. */
  readonly seed?: string | undefined;
  readonly networks: readonly ConnectedNetwork[];
  /** Its CD drive. */
  readonly drive?: DriveSeed | undefined;
  /** Where its vsock's socket is to be. */
  readonly vsock: string;
}

/** The virtio devices a machine's configuration asks for, in the order in which they are on the bus. */
export function machineDevices(
  config: MachineConfig,
  accelerator: AcceleratorName,
  { seed, networks, drive, vsock }: OpenedForDevices,
): VirtioSpecification[] {
  const devices: VirtioSpecification[] = [];
  const slot = (): number => FIRST_SLOT + devices.length;
  // Without MSI-X all queues share one interrupt: more than one would only make the driver look into each.
  const queues = accelerator === 'kvm' ? Math.min(config.cpus, MOST_DISK_QUEUES) : 1;
  for (const [index, { path, format = 'raw', readOnly = false, backing, serial }] of config.disks.entries()) {
    const name = `disk${index}`;
    const image = { path, format, readOnly, backing };
    devices.push({ kind: 'blk', name, slot: slot(), ...image, serial: serial ?? name, queues });
  }
  // CDs are disks nobody writes to: what they hold for booting from a disk is what is booted.
  if (drive !== undefined) devices.push({ kind: 'cdrom', name: CDROM, slot: slot(), serial: CDROM, drive });
  if (seed !== undefined) {
    const image = { path: seed, format: 'raw', readOnly: true } as const;
    devices.push({ kind: 'blk', name: SEED, slot: slot(), ...image, serial: SEED, queues: 1 });
  }
  for (const network of networks) devices.push({ kind: 'net', slot: slot(), ...network });
  for (const [index, { folder, tag, readOnly = false }] of config.shares.entries()) {
    devices.push({ kind: '9p', name: `share${index}`, slot: slot(), folder, tag, readOnly });
  }
  const ports = consolePortNames(config.consolePorts);
  if (ports.length > 0) devices.push({ kind: 'console', name: 'console0', slot: slot(), ports });
  if (config.vsock !== undefined) {
    devices.push({ kind: 'vsock', name: 'vsock0', slot: slot(), cid: config.vsock, socket: vsock });
  }
  if (config.balloon ?? (accelerator === 'translated' || devices.length > 0)) {
    devices.push({ kind: 'balloon', name: 'balloon0', slot: slot() });
  }
  // On KVM a guest has RDRAND, and entropy alone is not worth a thread to serve it.
  if (accelerator === 'translated' || devices.length > 0) devices.push({ kind: 'rng', name: 'rng0', slot: slot() });
  const room = MAX_DEVICES - FIRST_SLOT;
  if (devices.length > room) {
    const message = `it has ${devices.length} devices, and its PCI bus has room for ${room}`;
    throw new Failure('usage', 'too-many-devices', message, { hint: 'take away a disk, a network or a shared folder' });
  }
  return devices;
}

export function bootableDevices(devices: readonly VirtioSpecification[]): BootableDevices {
  const slots = (wanted: (name: string) => boolean): number[] =>
    devices.filter(({ name }) => wanted(name)).map(({ slot }) => slot);
  return { disk: slots((name) => name.startsWith('disk')), cdrom: slots((name) => name === CDROM) };
}
