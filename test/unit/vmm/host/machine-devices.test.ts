import { expect, test } from 'vitest';
import { Failure } from '../../../../src-main/base/failure.ts';
import type { MachineConfig } from '../../../../src-main/inventory/machine-config.ts';
import { machineDevices } from '../../../../src-main/vmm/host/machine-devices.ts';

const disks = (count: number) => Array.from({ length: count }, (_, index) => ({ path: `/disk${index}` }));
const shares = (count: number) => Array.from({ length: count }, (_, index) => ({ folder: '/srv', tag: `s${index}` }));

const devicesOf = (parts: Partial<MachineConfig>) =>
  machineDevices({ disks: [], shares: [], cpus: 1, ...parts } as unknown as MachineConfig, 'kvm', {
    networks: [],
    vsock: '/run/vsock',
  });

test('every device has a slot of its own on the bus, behind the host bridge', () => {
  const slots = devicesOf({ disks: disks(2), shares: shares(1), vsock: 3 }).map(({ slot }) => slot);
  expect(slots).toEqual([1, 2, 3, 4, 5, 6]);
});

test('as many devices as the bus has room for are made, and one more is refused before anything is opened', () => {
  // Beside them a balloon and a source of entropy.
  expect(devicesOf({ disks: disks(21), shares: shares(8) })).toHaveLength(31);
  const tooMany = () => devicesOf({ disks: disks(22), shares: shares(8) });
  expect(tooMany).toThrow(Failure);
  expect(tooMany).toThrow('it has 32 devices, and its PCI bus has room for 31');
});
