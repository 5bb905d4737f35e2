import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { machineDraft } from '../../../src-main/contract/machine.ts';
import {
  type MachineDraft,
  machineLineage,
  newMachineConfig,
  patchedConfig,
} from '../../../src-main/inventory/machine-config.ts';
import { readVersioned } from '../../../src-main/inventory/versioned.ts';

const id = '3f0c9f3c-6a0e-4a57-9a51-0d3d1e0c2a11';
const createdAt = '2026-01-02T03:04:05.000Z';
const make = (rest: Partial<MachineDraft>) =>
  newMachineConfig({ name: 'm', memoryMiB: 64, boot: { kind: 'guest', guest: 'tiny-linux' }, ...rest }, id, createdAt);

/** A machine.json as version 1 wrote it. */
const versionOne = {
  version: 1,
  id,
  createdAt,
  name: 'old',
  accelerator: 'kvm',
  cpus: 2,
  cpu: 'EPYC-Rome,-avx2',
  memoryMiB: 512,
  boot: { kind: 'kernel', kernel: '/boot/vmlinuz', commandLine: 'console=ttyS0' },
  devices: { debugExit: true },
};

const everything = {
  disks: [{ path: '/d/a.qcow2', format: 'qcow2', readOnly: true, serial: 'A1' }, { path: '/d/b.img' }],
  cdrom: '/iso/debian.iso',
  networks: [
    {
      kind: 'user',
      mac: '52:54:00:12:34:56',
      forwards: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 }],
    },
    { kind: 'tap', device: 'tap0', mac: '52:54:00:12:34:57' },
    { kind: 'bridge', bridge: 'br0', mac: '52:54:00:12:34:58' },
  ],
  shares: [{ folder: '/home/me/share', tag: 'share', readOnly: true }],
  cloudInit: { kind: 'form', hostname: 'web', user: 'me', passwordHash: '$6$salt$hash', sshKeys: ['ssh-ed25519 AAAA'] },
  boot: { kind: 'firmware', firmware: 'bios', order: ['cdrom', 'disk'], menu: true },
} satisfies Partial<MachineDraft>;

describe('machine.json', () => {
  it('of version 1 is a machine without disks, networks and shares', () => {
    expect(readVersioned(JSON.stringify(versionOne), machineLineage)).toEqual({
      value: { ...versionOne, version: 2, disks: [], networks: [], shares: [] },
    });
  });

  it('keeps every device as it was given', () => {
    const config = make(everything);
    expect(config).toMatchObject(everything);
    expect(readVersioned(JSON.stringify(config), machineLineage)).toEqual({ value: config });
  });

  it('takes the CD and the cloud-init seed away by null, a list by an empty one', () => {
    const config = patchedConfig(make(everything), { cdrom: null, cloudInit: null, disks: [] });
    expect(config).not.toHaveProperty('cdrom');
    expect(config).not.toHaveProperty('cloudInit');
    expect(config.disks).toEqual([]);
    expect(config.networks).toEqual(everything.networks);
  });

  it.each<[string, Partial<MachineDraft>, string]>([
    ['a relative path', { disks: [{ path: 'a.img' }] }, 'disks.0.path: the full path is needed'],
    ['a file twice', { disks: [{ path: '/a' }, { path: '/a' }] }, 'the files of disks must differ'],
    ['a long serial', { disks: [{ path: '/a', serial: 'x'.repeat(21) }] }, 'disks.0.serial: 1 to 20'],
    ['a multicast MAC', { networks: [{ kind: 'tap', device: 't', mac: '01:00:00:00:00:00' }] }, 'a unicast MAC'],
    ['port 0', { networks: [userNetwork({ protocol: 'tcp', hostPort: 0, guestPort: 1 })] }, 'forwards.0.hostPort'],
    ['an interface with a slash', { networks: [tap('a/b')] }, 'networks.0.device: is no network interface’s name'],
    ['a tag twice', { shares: ['/a', '/b'].map((folder) => ({ folder, tag: 't' })) }, 'the tags of shares must differ'],
    ['a password', { cloudInit: { kind: 'form', passwordHash: 'secret', sshKeys: [] } }, 'is no crypt(5) hash'],
    ['a key nobody knows', { disks: [{ path: '/a', cache: 'none' } as never] }, 'Unrecognized key: "cache"'],
  ])('refuses %s', (_what, rest, message) => {
    expect(() => make(rest)).toThrow(message);
  });

  it('has the same devices in the window’s contract', () => {
    const draft: z.input<typeof machineDraft> = {
      name: 'm',
      accelerator: 'auto',
      cpus: 1,
      memoryMiB: 64,
      ...everything,
    };
    expect(machineDraft.parse(draft)).toEqual(draft);
  });
});

function userNetwork(forward: { protocol: 'tcp'; hostPort: number; guestPort: number }) {
  return { kind: 'user' as const, mac: '52:54:00:00:00:01', forwards: [forward] };
}

function tap(device: string) {
  return { kind: 'tap', device, mac: '52:54:00:00:00:01' } as const;
}
