import { describe, expect, test } from 'vitest';
import type { DiskFacts, Share } from '../../../src-main/contract/hardware.ts';
import type { AcceleratorVerdict, HostOverview } from '../../../src-main/contract/host.ts';
import type { MachineDraft, MachineSample, MachineState, MachineSummary } from '../../../src-main/contract/machine.ts';
import { matchesShortcut } from '../../../src-renderer/actions/action.ts';
import { headerActions, machineActions } from '../../../src-renderer/actions/machine-actions.ts';
import { applyListItem, type MachineList } from '../../../src-renderer/api/machine-list.ts';
import { below, foldersTo, inOrder, permissions } from '../../../src-renderer/features/containers/files-model.ts';
import { orderedChecks } from '../../../src-renderer/features/host/host-model.ts';
import { withStep } from '../../../src-renderer/features/images/transfer-model.ts';
import { plainText, searched } from '../../../src-renderer/features/machine/log-model.ts';
import { Replay } from '../../../src-renderer/features/machine/replay.ts';
import { emptyHistory, ratesBetween, series, withSample } from '../../../src-renderer/features/machine/stats-model.ts';
import { rowAfterKey, shownMachines } from '../../../src-renderer/features/machines/list-model.ts';
import { acceleratorCards, automaticChoice } from '../../../src-renderer/features/new-machine/accelerator-model.ts';
import { mediumOf, withDrive, withMedium } from '../../../src-renderer/features/new-machine/cd-model.ts';
import {
  diskLine,
  movedUp,
  newDiskOf,
  sizeError,
  withFile,
  withReadOnly,
} from '../../../src-renderer/features/new-machine/disk-model.ts';
import {
  draftOf,
  fieldOfFailure,
  formErrors,
  formOf,
  freeName,
  type MachineForm,
  memoryStops,
  nearestStop,
  newForm,
  withBootKind,
} from '../../../src-renderer/features/new-machine/machine-form.ts';
import {
  emptyForward,
  emptyNetwork,
  type NetworkForm,
} from '../../../src-renderer/features/new-machine/network-model.ts';
import { emptySeed, type SeedForm, seedErrors } from '../../../src-renderer/features/new-machine/seed-model.ts';
import { mountCommand, shareLine, shareOf, withShare } from '../../../src-renderer/features/new-machine/share-model.ts';
import { firstBadStep, reviewLines } from '../../../src-renderer/features/new-machine/wizard-model.ts';
import { bytes, count, duration } from '../../../src-renderer/locales/amounts.ts';

const states: MachineState[] = ['stopped', 'starting', 'running', 'paused', 'stopping', 'crashed', 'broken'];

function machine(name: string, state: MachineState = 'stopped'): MachineSummary {
  return { id: name, name, state, accelerator: 'auto', cpus: 1, memoryMiB: 64 };
}

const tiny = { id: 'tiny-linux', name: 'Tiny Linux', description: '', minMemoryMiB: 64, recommendedMemoryMiB: 256 };
const around = { takenNames: ['Taken'], hostMemoryMiB: 4096, guests: [tiny] };
const form = (change: Partial<MachineForm> = {}): MachineForm => ({ ...newForm([tiny], []), ...change });

describe('the list', () => {
  const empty: MachineList = { loaded: false, machines: [] };

  test('a snapshot, then deltas; a machine told of twice is one machine', () => {
    let list = applyListItem(empty, { kind: 'snapshot', machines: [machine('a'), machine('b')] });
    const kept = list.machines[0];
    list = applyListItem(list, { kind: 'added', machine: machine('b', 'running') });
    list = applyListItem(list, { kind: 'changed', machine: machine('c') });
    expect(list.machines.map(({ name, state }) => `${name} ${state}`)).toEqual(['a stopped', 'b running', 'c stopped']);
    expect(list.machines[0]).toBe(kept);
    list = applyListItem(list, { kind: 'removed', id: 'a' });
    expect(list.machines.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  test('is ordered as people count, and filtered by every word', () => {
    const machines = ['web 10', 'web 2', 'Data', 'web'].map((name) => machine(name));
    expect(shownMachines(machines, '').map(({ name }) => name)).toEqual(['Data', 'web', 'web 2', 'web 10']);
    expect(shownMachines(machines, ' 1  WEB ').map(({ name }) => name)).toEqual(['web 10']);
  });

  test('the arrow keys stay within it', () => {
    expect(rowAfterKey('ArrowDown', -1, 3)).toBe(0);
    expect(rowAfterKey('ArrowDown', 2, 3)).toBe(2);
    expect(rowAfterKey('ArrowUp', 0, 3)).toBe(0);
    expect(rowAfterKey('End', 0, 3)).toBe(2);
    expect(rowAfterKey('ArrowDown', 0, 0)).toBeUndefined();
    expect(rowAfterKey('x', 0, 3)).toBeUndefined();
  });
});

describe('actions', () => {
  const matrix: Record<string, MachineState[]> = {
    start: ['stopped', 'crashed'],
    resume: ['paused'],
    pause: ['running', 'stopping'],
    'power-button': ['running', 'stopping'],
    reset: ['running', 'paused', 'stopping'],
    'power-off': ['starting', 'running', 'paused', 'stopping'],
    delete: ['stopped', 'crashed', 'broken'],
  };

  test.each(Object.entries(matrix))(
    '%s can be done in its states only, and says why not in the others',
    (id, allowed) => {
      const action = machineActions.find((each) => each.id === id);
      const can = (state: MachineState) =>
        action?.available({ machine: machine('m', state), navigate: () => undefined });
      expect(states.filter((state) => can(state)?.now)).toEqual(states.filter((state) => allowed.includes(state)));
      expect(can('broken')).toEqual(
        allowed.includes('broken') ? { now: true } : { now: false, why: expect.any(String) },
      );
    },
  );

  test('no two share a shortcut or an id', () => {
    const shortcuts = machineActions.flatMap(({ shortcut }) => shortcut ?? []);
    expect(new Set(shortcuts).size).toBe(shortcuts.length);
    expect(new Set(machineActions.map(({ id }) => id)).size).toBe(machineActions.length);
  });

  test('every state has a button in the header', () => {
    for (const state of states) expect(headerActions(state).length).toBeGreaterThan(0);
  });

  test('a shortcut wants exactly its modifiers', () => {
    const press = { key: 'S', ctrlKey: true, shiftKey: true, altKey: false, metaKey: false };
    expect(matchesShortcut('Ctrl+Shift+S', press)).toBe(true);
    expect(matchesShortcut('Ctrl+S', press)).toBe(false);
    expect(matchesShortcut('Ctrl+Shift+S', { ...press, altKey: true })).toBe(false);
  });
});

describe('the form of a machine', () => {
  test('a new one is ready as it is', () => {
    expect(formErrors(form(), around)).toEqual({});
    expect(form()).toMatchObject({ name: 'Tiny Linux', bootKind: 'guest', memoryMiB: 256, accelerator: 'auto' });
  });

  test('a name in use gets a number', () => {
    expect(freeName('Tiny Linux', ['tiny linux', 'Tiny Linux 2'])).toBe('Tiny Linux 3');
  });

  test.each([
    ['', 'name'],
    ['../x', 'name'],
    ['taken', 'name'],
    ['x'.repeat(300), 'name'],
    ['🚀', 'name'],
  ])('the name %j is refused at its field', (name, field) => {
    expect(Object.keys(formErrors(form({ name }), around))).toEqual([field]);
  });

  test.each([0, 16, 63, 64.5, 4097, 1_000_000, Number.NaN])(
    '%d MiB are refused for this guest and host',
    (memoryMiB) => {
      expect(Object.keys(formErrors(form({ memoryMiB }), around))).toEqual(['memoryMiB']);
    },
  );

  test('a kernel of one’s own needs a full path', () => {
    const own = withBootKind(form(), 'kernel', [tiny]);
    expect(Object.keys(formErrors(own, around))).toEqual(['kernel']);
    expect(formErrors({ ...own, kernel: 'bzImage', initrd: 'x' }, around)).toHaveProperty('initrd');
    expect(formErrors({ ...own, kernel: '/boot/vmlinuz' }, around)).toEqual({});
    expect(own.commandLine).toBe('console=ttyS0');
    expect(withBootKind(own, 'guest', [tiny])).toEqual(form());
  });

  test('a network needs a device’s name or whole ports, each listened at once', () => {
    const wrong = (network: Partial<NetworkForm>) =>
      formErrors(form({ network: { ...emptyNetwork, ...network } }), around).network;
    const web = { ...emptyForward, hostPort: 8080, guestPort: 80 };
    expect(wrong({})).toBeUndefined();
    expect(wrong({ kind: 'tap', device: '' })).toContain('15 characters');
    expect(wrong({ kind: 'bridge', device: 'br0' })).toBeUndefined();
    expect(wrong({ kind: 'user', forwards: [web, { ...web, protocol: 'udp' }] })).toBeUndefined();
    expect(wrong({ kind: 'user', forwards: [{ ...web, hostPort: '' }] })).toContain('from 1 to 65535');
    expect(wrong({ kind: 'user', forwards: [web, { ...web, guestPort: 81 }] })).toContain('same port');
  });

  test('to a draft and back nothing is lost', () => {
    const drafts: MachineDraft[] = [
      {
        name: 'a',
        accelerator: 'kvm',
        cpus: 1,
        memoryMiB: 64,
        boot: { kind: 'guest', guest: 'tiny-linux' },
        disks: [],
        networks: [],
        shares: [],
      },
      {
        name: 'b',
        description: 'notes',
        accelerator: 'auto',
        cpus: 1,
        memoryMiB: 512,
        boot: { kind: 'kernel', kernel: '/k', initrd: '/i', commandLine: 'quiet' },
        disks: [{ newSizeMiB: 1024, format: 'qcow2' }],
        networks: [
          {
            kind: 'user',
            mac: '52:54:00:00:00:01',
            forwards: [{ protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, guestPort: 80 }],
          },
          { kind: 'bridge', bridge: 'br0', mac: '52:54:00:00:00:02' },
        ],
        shares: [{ folder: '/srv', tag: 'srv', readOnly: true }],
        cloudInit: { kind: 'raw', userData: '#!/bin/sh', metaData: 'instance-id: x' },
      },
      {
        name: 'c',
        accelerator: 'auto',
        cpus: 1,
        memoryMiB: 1024,
        boot: { kind: 'firmware', firmware: 'bios', order: ['cdrom', 'disk'], menu: true },
        disks: [{ path: '/a', format: 'raw', readOnly: true, serial: 'A' }],
        cdrom: '/cd.iso',
        networks: [{ kind: 'tap', device: 'tap0' }],
        shares: [],
        cloudInit: { kind: 'form', user: 'u', passwordHash: '$6$x$y', sshKeys: ['ssh-ed25519 AAAA'] },
      },
    ];
    for (const draft of drafts) expect(draftOf(formOf(draft))).toEqual(draft);
  });

  test('a shared folder has a tag of its own, made from its name', () => {
    const shares: Share[] = [];
    for (const folder of ['/home/anna/src', '/srv/src', '/tmp/ Ärger & Co', '/']) shares.push(shareOf(folder, shares));
    expect(shares.map(({ tag }) => tag)).toEqual(['src', 'src-2', 'rger-Co', 'share']);
    expect(formErrors(form({ shares }), around).shares).toBeUndefined();
    expect(formErrors(form({ shares: withShare(shares, 0, { tag: '' }) }), around).shares).toMatch(/up to 31/);
    expect(formErrors(form({ shares: withShare(shares, 1, { tag: 'src' }) }), around).shares).toMatch(/the same tag/);
    const readOnly = withShare(shares, 0, { readOnly: true })[0]!;
    expect(shareLine(readOnly)).toBe('/home/anna/src as src, read-only');
    expect(mountCommand(readOnly)).toBe('mount -t 9p -o ro,trans=virtio,version=9p2000.L src /mnt');
    expect(withShare([readOnly], 0, { readOnly: false })).toEqual([shares[0]]);
  });

  test('firmware wants a disk or a CD, and takes the memory along that it likes', () => {
    const bios = withBootKind(form(), 'firmware', [tiny]);
    expect(bios.memoryMiB).toBe(1024);
    expect(Object.keys(formErrors(bios, around))).toEqual(['disks']);
    expect(firstBadStep(formErrors(bios, around))).toBe('storage');
    expect(formErrors({ ...bios, cdrom: '/cd.iso' }, around)).toEqual({});
    expect(formErrors({ ...bios, disks: [newDiskOf(1, 'qcow2')] }, around)).toEqual({});
    expect(formErrors({ ...bios, disks: [newDiskOf(1, 'qcow2')], cdrom: 'cd.iso' }, around)).toHaveProperty('cdrom');
  });

  test('a CD drive keeps standing when its CD is taken out, and can be empty from the start', () => {
    expect(withMedium('/cd.iso', '')).toBe('empty');
    expect(withMedium('', '')).toBe('');
    expect(withMedium('empty', '/cd.iso')).toBe('/cd.iso');
    expect([mediumOf('empty'), mediumOf(''), mediumOf('/cd.iso')]).toEqual(['', '', '/cd.iso']);
    expect([withDrive('', true), withDrive('/cd.iso', true), withDrive('/cd.iso', false)]).toEqual([
      'empty',
      '/cd.iso',
      '',
    ]);
    const empty = draftOf({ ...form(), cdrom: 'empty' });
    expect([empty.cdrom, formOf(empty).cdrom, formErrors(formOf(empty), around)]).toEqual(['empty', 'empty', {}]);
  });

  test('disks: no file twice, the order can be changed, a size is more than nothing', () => {
    const facts: DiskFacts = { format: 'raw', sizeBytes: 1024, usedBytes: 0, backing: [] };
    const disks = [newDiskOf(0.5, 'qcow2'), { path: '/a/b.img', format: 'raw' as const }];
    expect(disks[0]).toEqual({ newSizeMiB: 512, format: 'qcow2' });
    expect(withFile(disks, '/a/b.img', facts)).toBeUndefined();
    expect(withFile(disks, '/c', facts)?.at(-1)).toEqual({ path: '/c', format: 'raw' });
    const backing = [{ path: '/base', format: 'raw' as const }];
    expect(withFile(disks, '/c', { ...facts, format: 'qcow2', backing })?.at(-1)).toEqual({
      path: '/c',
      format: 'qcow2',
      backing,
    });
    expect(movedUp(disks, 1)).toEqual([disks[1], disks[0]]);
    expect(withReadOnly(withReadOnly(disks, 1, true), 1, false)).toEqual(disks);
    expect(diskLine(withReadOnly(disks, 1, true)[1]!, 1)).toBe('b.img (raw, read-only)');
    expect([0, Number.NaN, 1e9].map(sizeError)).not.toContain(undefined);
    expect(sizeError(0.001)).toBeUndefined();
  });

  test.each<[Partial<SeedForm>, string[]]>([
    [{ kind: 'none' }, []],
    [{ kind: 'form', password: 'x' }, []],
    [{ kind: 'form' }, ['password']],
    [{ kind: 'form', passwordHash: '$6$a$b', user: 'Root' }, ['user']],
    [{ kind: 'form', sshKeys: 'ssh-ed25519 AAAA me\n\n ssh-rsa BBBB' }, []],
    [{ kind: 'form', sshKeys: 'not a key' }, ['sshKeys']],
    [{ kind: 'form', password: 'x', hostname: 'a b' }, ['hostname']],
    [{ kind: 'raw', userData: '#cloud-config\n' }, []],
    [{ kind: 'raw', userData: 'users: []' }, ['userData']],
  ])('a seed of %j lacks %j', (seed, wrong) => {
    expect(Object.keys(seedErrors({ ...emptySeed, ...seed }))).toEqual(wrong);
  });

  test('the slider stops at doublings and half-ways the host has', () => {
    expect(memoryStops(1024)).toEqual([16, 32, 64, 128, 192, 256, 384, 512, 768, 1024]);
    expect(nearestStop(memoryStops(1024), 500)).toBe(7);
  });

  test('a refusal leads to its field and step', () => {
    expect(fieldOfFailure('name-taken', {})).toBe('name');
    expect(fieldOfFailure('bad-input', { field: 'boot.kernel' })).toBe('kernel');
    expect(fieldOfFailure('disk-full', {})).toBeUndefined();
    expect(firstBadStep({ memoryMiB: 'too much' })).toBe('hardware');
    expect(firstBadStep({})).toBeUndefined();
  });
});

describe('accelerators', () => {
  const verdict = (accelerator: 'kvm' | 'translated', usable: boolean): AcceleratorVerdict => ({
    accelerator,
    usable,
    detail: `${accelerator} ${usable}`,
    maxVcpus: 1,
  });

  test('automatic is KVM where it works, translating otherwise, nothing where neither does', () => {
    expect(automaticChoice([verdict('kvm', true), verdict('translated', true)])).toBe('kvm');
    expect(automaticChoice([verdict('kvm', false), verdict('translated', true)])).toBe('translated');
    expect(automaticChoice([verdict('kvm', false)])).toBeUndefined();
  });

  test('each card carries the host’s verdict, and the review says what automatic comes to', () => {
    const accelerators = [verdict('kvm', false), verdict('translated', true)];
    expect(acceleratorCards(accelerators).map(({ value, usable }) => [value, usable])).toEqual([
      ['auto', true],
      ['kvm', false],
      ['translated', true],
    ]);
    const lines = reviewLines(form(), { accelerators, guests: [tiny] } as unknown as HostOverview);
    expect(lines.find(({ label }) => label === 'Accelerator')?.value).toBe('Automatic (Translating)');
  });

  test('what is missing on the host comes first', () => {
    const checks = [true, false, true].map((ok, index) => ({ name: String(index), ok, detail: '' }));
    expect(orderedChecks(checks).map(({ name }) => name)).toEqual(['1', '0', '2']);
  });
});

describe('live figures', () => {
  const sample = (atMs: number, change: Partial<MachineSample> = {}): MachineSample => ({
    atMs,
    uptimeMs: atMs,
    hostCpuMs: atMs / 2,
    residentMiB: 1,
    exits: { port: atMs, mmio: atMs, other: 0 },
    consoleBytes: atMs * 3,
    visitors: 0,
    vcpus: [],
    ...change,
  });

  test('are what happened between two samples, per second', () => {
    expect(ratesBetween(sample(0), sample(1000))).toEqual({
      atMs: 1000,
      cpuPercent: 50,
      exitsPerSecond: 2000,
      consoleBytesPerSecond: 3000,
    });
  });

  test('begin anew when the machine was started again', () => {
    let history = withSample(withSample(emptyHistory, sample(1000)), sample(2000));
    expect(history.rates).toHaveLength(1);
    history = withSample(history, sample(3000, { hostCpuMs: 0 }));
    expect(history.rates).toEqual([]);
  });

  test('older ones than the graph shows are dropped, and the newest is at zero', () => {
    let history = emptyHistory;
    for (let second = 0; second <= 300; second += 1) history = withSample(history, sample(second * 1000));
    const [seconds, values] = series(history.rates, 'cpuPercent');
    expect(seconds.at(-1)).toBe(0);
    expect(seconds[0]).toBeGreaterThanOrEqual(-90);
    expect(values).toHaveLength(seconds.length);
  });
});

describe('the log', () => {
  test('is read without escape sequences and stray carriage returns', () => {
    expect(plainText('\u001b[1;32mok\u001b[0m\r\n\n\rtwo\u0007\u001b]0;title\u0007!\r\r\n')).toBe('ok\n\ntwo!\n');
  });

  test('is searched without regard to case, and nothing of it is lost', () => {
    const { parts, matches } = searched('Linux and linux, LINUX', 'linux');
    expect(matches).toBe(3);
    expect(parts.map(({ text }) => text).join('')).toBe('Linux and linux, LINUX');
    expect(searched('abc', '')).toEqual({ parts: [{ text: 'abc', match: false }], matches: 0 });
  });
});

test('amounts are short', () => {
  expect([0, 1023, 1024, 1536, 10 * 1024 ** 3].map(bytes)).toEqual(['0 B', '1023 B', '1 KiB', '1.5 KiB', '10 GiB']);
  expect([950, 12_400, 3_100_000].map(count)).toEqual(['950', '12.4k', '3.1M']);
  expect([0, 59_999, 192_000, 3_600_000, 187_200_000].map(duration)).toEqual([
    '0 s',
    '59 s',
    '3 min 12 s',
    '1 h',
    '2 d 4 h',
  ]);
});

describe('replayed console output', () => {
  test('used to be answered again by the terminal, into whatever runs now', () => {
    const replay = new Replay();
    replay.begin(100);
    expect(replay.taken(60)).toBe(60);
    expect(replay.taken(60)).toBe(40);
    replay.parsed(60);
    expect(replay.active).toBe(true);
    replay.parsed(40);
    expect(replay.active).toBe(false);
    expect(replay.taken(10)).toBe(0);
  });

  test('never keeps a person from typing', () => {
    const replay = new Replay();
    replay.begin(1000);
    replay.end();
    replay.parsed(10);
    expect([replay.active, replay.taken(5)]).toEqual([false, 0]);
  });
});

describe('files of a container', () => {
  test('the folders on the way to a path, the root first', () => {
    expect(foldersTo('/')).toEqual([{ name: '/', path: '/' }]);
    expect(foldersTo('/etc/ssl')).toEqual([
      { name: '/', path: '/' },
      { name: 'etc', path: '/etc' },
      { name: 'ssl', path: '/etc/ssl' },
    ]);
    expect([below('/', 'etc'), below('/etc', 'ssl')]).toEqual(['/etc', '/etc/ssl']);
  });

  test('permissions are written as ls(1) does', () => {
    expect([0o644, 0o4755, 0o1777, 0o2640].map(permissions)).toEqual([
      'rw-r--r--',
      'rwsr-xr-x',
      'rwxrwxrwt',
      'rw-r-S---',
    ]);
  });

  test('what one can enter comes first', () => {
    const file = { kind: 'file', bytes: 0, mode: 0, changedAt: '', target: '', leadsIn: false } as const;
    const list = [
      { ...file, name: 'b' },
      { ...file, name: 'z', leadsIn: true },
      { ...file, name: 'a' },
    ];
    expect(inOrder(list).map(({ name }) => name)).toEqual(['z', 'a', 'b']);
  });
});

describe('how far a transfer is', () => {
  test('a part that is known keeps its place, and of the whole the last is shown', () => {
    const layer = (current: number) => ({ id: 'a', status: 'Downloading', current, total: 10 });
    const whole = { status: 'Pulling' };
    const steps = [whole, layer(1), { id: 'b', status: 'Waiting' }, layer(7)].reduce(withStep, []);
    expect(steps).toEqual([whole, layer(7), { id: 'b', status: 'Waiting' }]);
    const many = Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, status: 'Done' }));
    expect(many.reduce(withStep, [] as readonly { status: string }[]).at(-1)).toEqual({ id: '39', status: 'Done' });
    expect(many.reduce(withStep, [] as readonly { status: string }[])).toHaveLength(12);
  });
});
