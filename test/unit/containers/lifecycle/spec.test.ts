import { describe, expect, test } from 'vitest';
import { containerConfig, hostConfig } from '../../../../src-main/containers/lifecycle/container-config.ts';
import { mountPoints } from '../../../../src-main/containers/lifecycle/mount-points.ts';
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from '../../../../src-main/containers/lifecycle/spec/capabilities.ts';
import { makeSpec, type SpecFacts } from '../../../../src-main/containers/lifecycle/spec/make-spec.ts';
import {
  mergeEnvironment,
  mergeImageConfig,
} from '../../../../src-main/containers/lifecycle/spec/process-arguments.ts';
import { resolveUser } from '../../../../src-main/containers/lifecycle/spec/user.ts';

const root = { uid: 0, gid: 0, additionalGids: [], home: '/root' };
const facts: SpecFacts = {
  id: 'a'.repeat(64),
  rootfs: '/rootfs',
  hostname: 'aaaaaaaaaaaa',
  user: root,
  mounts: [],
  etcFiles: { '/etc/hosts': '/c/hosts' },
  cgroupsPath: '/bulkhead/a',
  network: undefined,
  joined: {},
  seccomp: { defaultAction: 'SCMP_ACT_ERRNO', architectures: null, flags: null, syscalls: null },
  devices: [],
  rootless: false,
};
const spec = (config: object, host: object = {}, more: Partial<SpecFacts> = {}) =>
  makeSpec(containerConfig.parse({ Cmd: ['sh'], ...config }), hostConfig.parse(host), { ...facts, ...more });

describe('the OCI spec of a container', () => {
  test('without a wish: six new namespaces, the default capabilities, masks and policy', () => {
    const { linux, process, root: rootfs, mounts } = spec({});
    expect(linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'uts', 'ipc', 'pid', 'network', 'cgroup']);
    expect([...process.capabilities.bounding].sort()).toEqual([...DEFAULT_CAPABILITIES].sort());
    expect(process.capabilities.ambient).toEqual([]);
    expect(process.noNewPrivileges).toBe(false);
    expect(linux.maskedPaths).toContain('/proc/kcore');
    expect(linux.readonlyPaths).toContain('/proc/sys');
    expect(linux.seccomp).toEqual(facts.seccomp);
    expect(rootfs).toEqual({ path: '/rootfs', readonly: false });
    expect(mounts.find(({ destination }) => destination === '/sys')?.options).toContain('ro');
    expect(linux.resources.devices[0]).toEqual({ allow: false, access: 'rwm' });
    expect(process.env).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOSTNAME=aaaaaaaaaaaa',
      'HOME=/root',
    ]);
  });

  test('a device is made for root, and bound from where it is on the host for anybody else', () => {
    const numbers = { type: 'c', major: 1, minor: 5, fileMode: 0o666, uid: 0, gid: 0, access: 'rwm' } as const;
    const devices = [{ path: '/dev/b', source: '/dev/a', ...numbers }];
    const ofRoot = spec({}, {}, { devices });
    expect(ofRoot.linux.devices).toMatchObject([{ path: '/dev/b', major: 1, minor: 5 }]);
    const { linux, mounts } = spec({}, {}, { devices, rootless: true });
    expect(linux.devices).toEqual([]);
    expect(mounts.at(-1)).toMatchObject({ destination: '/dev/b', type: 'bind', source: '/dev/a' });
  });

  test('privileged: every capability and device, nothing masked, no policy', () => {
    const { linux, process, mounts } = spec({}, { Privileged: true });
    expect(process.capabilities.effective).toEqual(ALL_CAPABILITIES);
    expect(linux.maskedPaths).toEqual([]);
    expect(linux).not.toHaveProperty('seccomp');
    expect(linux.resources.devices).toEqual([{ allow: true, access: 'rwm' }]);
    expect(mounts.find(({ destination }) => destination === '/sys')?.options).toContain('rw');
  });

  test('capabilities: dropped, added, all of them, none of them; not held by an ordinary user', () => {
    const bounding = (host: object): readonly string[] => spec({}, host).process.capabilities.bounding;
    expect(bounding({ CapDrop: ['ALL'], CapAdd: ['net_admin'] })).toEqual(['CAP_NET_ADMIN']);
    expect(bounding({ CapDrop: ['CAP_CHOWN'] })).not.toContain('CAP_CHOWN');
    expect(bounding({ CapAdd: ['ALL'], CapDrop: ['SYS_ADMIN'] })).toEqual(
      ALL_CAPABILITIES.filter((name) => name !== 'CAP_SYS_ADMIN'),
    );
    expect(() => bounding({ CapAdd: ['FLY'] })).toThrow('invalid capability: "FLY"');
    const asUser = spec({}, {}, { user: { ...root, uid: 1000 } }).process.capabilities;
    expect(asUser.effective).toEqual([]);
    expect(asUser.bounding.length).toBe(DEFAULT_CAPABILITIES.length);
  });

  test('limits in the words of the specification', () => {
    const limits = spec({}, { Memory: 64 << 20, NanoCpus: 1.5e9, PidsLimit: 20, CpusetCpus: '0' }).linux.resources;
    expect(limits.memory).toEqual({ limit: 64 << 20, swap: 128 << 20 });
    expect(limits.cpu).toEqual({ quota: 150_000, period: 100_000, cpus: '0' });
    expect(limits.pids).toEqual({ limit: 20 });
    expect(() => spec({}, { Memory: 1024 })).toThrow('Minimum memory limit');
    expect(() => spec({}, { Memory: 64 << 20, MemorySwap: 32 << 20 })).toThrow('memoryswap');
  });

  test('security options are kept or refused, never dropped', () => {
    expect(spec({}, { SecurityOpt: ['no-new-privileges'] }).process.noNewPrivileges).toBe(true);
    expect(spec({}, { SecurityOpt: ['seccomp=unconfined'] }).linux).not.toHaveProperty('seccomp');
    expect(spec({}, { SecurityOpt: ['systempaths=unconfined'] }).linux.maskedPaths).toEqual([]);
    expect(() => spec({}, { SecurityOpt: ['apparmor=mine'] })).toThrow('apparmor=mine');
  });

  test("a volume takes a standard mount's place; our files in /etc are writable unless the root is not", () => {
    const tmp = mountPoints(
      containerConfig.parse({}),
      hostConfig.parse({ Tmpfs: { '/dev/shm': 'size=1m' } }),
      () => [],
    );
    const { mounts } = spec({}, { ReadonlyRootfs: true }, { mounts: tmp });
    const shm = mounts.filter(({ destination }) => destination === '/dev/shm');
    expect(shm.map(({ options }) => options)).toEqual([['noexec', 'nosuid', 'nodev', 'rw', 'size=1m']]);
    expect(mounts.find(({ destination }) => destination === '/etc/hosts')?.options).toContain('ro');
  });

  test('namespaces shared with the host or another container', () => {
    const host = { PidMode: 'host', IpcMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' };
    expect(spec({}, host, { network: 'host' }).linux.namespaces).toEqual([{ type: 'mount' }]);
    const { namespaces } = spec({}, {}, { joined: { pid: '/proc/7/ns/pid' }, network: '/run/netns' }).linux;
    expect(namespaces).toContainEqual({ type: 'pid', path: '/proc/7/ns/pid' });
    expect(namespaces).toContainEqual({ type: 'network', path: '/run/netns' });
  });
});

describe('what is asked for over what the image says', () => {
  const image = { Entrypoint: ['/init'], Cmd: ['serve'], Env: ['A=1', 'B=2'], WorkingDir: '/srv', User: 'web' };
  const merged = (asked: object) => mergeImageConfig(containerConfig.parse(asked), image);

  test('nothing asked is the image; a command replaces a command; an entrypoint drops both', () => {
    expect(merged({})).toMatchObject({ Entrypoint: ['/init'], Cmd: ['serve'], WorkingDir: '/srv', User: 'web' });
    expect(merged({ Cmd: ['test'] })).toMatchObject({ Entrypoint: ['/init'], Cmd: ['test'] });
    expect(merged({ Entrypoint: ['sh'] })).toMatchObject({ Entrypoint: ['sh'], Cmd: null });
    expect(merged({ Entrypoint: [''], Cmd: ['ls'] })).toMatchObject({ Entrypoint: null, Cmd: ['ls'] });
  });

  test('variables win by name, one without a value goes', () => {
    expect(merged({ Env: ['B=3', 'C=4'] }).Env).toEqual(['A=1', 'B=3', 'C=4']);
    expect(mergeEnvironment(['A=1', 'B=2'], ['A'])).toEqual(['B=2']);
  });
});

describe('mounts as Docker writes them', () => {
  const points = (host: object, config: object = {}) =>
    mountPoints(containerConfig.parse(config), hostConfig.parse(host), () => []);

  test('-v in its three forms', () => {
    expect(points({ Binds: ['/h:/t:ro', 'vol:/v', '/only'] })).toMatchObject([
      { type: 'bind', source: '/h', destination: '/t', writable: false, createSource: true },
      { type: 'volume', name: 'vol', destination: '/v', writable: true, copyUp: true },
      { type: 'volume', name: '', destination: '/only' },
    ]);
  });

  test('--mount, and an image volume where nothing else is', () => {
    const mount = { Type: 'bind', Source: '/h', Target: '/t/', ReadOnly: true };
    expect(points({ Mounts: [mount] }, { Volumes: { '/t': {}, '/data': {} } })).toMatchObject([
      { type: 'bind', destination: '/t', writable: false, createSource: false },
      { type: 'volume', destination: '/data' },
    ]);
  });

  test.each([['a:b'], ['/a:/'], ['/a:/b:rw:x'], ['/a:/b:fast'], [':/b']])('%s is refused', (bind) => {
    expect(() => points({ Binds: [bind] })).toThrow();
  });

  test('a target twice is refused', () => {
    expect(() => points({ Binds: ['/a:/t', '/b:/t/'] })).toThrow('Duplicate mount point: /t');
  });
});

describe("users by the container's own files", () => {
  const files = {
    passwd: 'root:x:0:0::/root:/bin/sh\nweb:x:1000:100:Web:/srv:/bin/sh\n',
    group: 'users:x:100:\nlog:x:4:web,other\n',
  };

  test('a name has its group, its home and the groups it is a member of', () => {
    expect(resolveUser('web', files)).toEqual({ uid: 1000, gid: 100, additionalGids: [4], home: '/srv' });
    expect(resolveUser('web:log', files)).toEqual({ uid: 1000, gid: 4, additionalGids: [], home: '/srv' });
    expect(resolveUser('', files)).toMatchObject({ uid: 0, gid: 0, home: '/root' });
    expect(resolveUser('7:8', { passwd: '', group: '' })).toEqual({ uid: 7, gid: 8, additionalGids: [], home: '/' });
  });

  test('--group-add; names nobody has', () => {
    expect(resolveUser('7', files, ['log', '9']).additionalGids).toEqual([4, 9]);
    expect(() => resolveUser('nobody', files)).toThrow('unable to find user nobody');
    expect(() => resolveUser('web:none', files)).toThrow('unable to find group none');
  });
});
