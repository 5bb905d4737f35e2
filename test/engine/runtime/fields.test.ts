import { release } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseCpuList } from '../../../src-main/linux/cpu-list.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { type Draft, dockerLikeSpec } from './bundle.ts';
import { hear, TestContainers } from './containers.ts';

type Change = (spec: Draft) => void;
const MAPPING = [{ containerID: 0, hostID: 1000, size: 1 }];
const inLinux =
  (more: Record<string, unknown>): Change =>
  (spec) => {
    spec.linux = { ...spec.linux, ...more };
  };
const inProcess =
  (more: Record<string, unknown>): Change =>
  (spec) => {
    spec.process = { ...spec.process, ...more };
  };
const inConfig =
  (more: Record<string, unknown>): Change =>
  (spec) => {
    Object.assign(spec, more);
  };
const withoutNamespace =
  (type: string, more: Change): Change =>
  (spec) => {
    const namespaces = (spec.linux.namespaces ?? []).filter((namespace) => namespace.type !== type);
    spec.linux = { ...spec.linux, namespaces };
    spec.hostname = undefined;
    more(spec);
  };
const withMount =
  (more: Record<string, unknown>): Change =>
  (spec) => {
    spec.mounts.push({ destination: '/data', type: 'bind', source: '/tmp', options: ['bind'], ...more });
  };

/** What config.json can say and this runtime does not do: field, why, the configuration. */
const REFUSED: readonly (readonly [field: string, why: RegExp, change: Change])[] = [
  ['windows', /for Linux/, inConfig({ windows: { layerFolders: ['C:\\'] } })],
  ['solaris', /for Linux/, inConfig({ solaris: { maxShmMemory: '512m' } })],
  ['vm', /for Linux/, inConfig({ vm: { kernel: { path: '/vmlinuz' } } })],
  ['zos', /for Linux/, inConfig({ zos: { namespaces: [{ type: 'pid' }] } })],
  ['process.commandLine', /for Windows/, inProcess({ commandLine: 'cmd /c dir' })],
  ['process.user.username', /for Windows/, inProcess({ user: { uid: 0, gid: 0, username: 'admin' } })],
  ['process.apparmorProfile', /AppArmor/, inProcess({ apparmorProfile: 'docker-default' })],
  ['process.selinuxLabel', /SELinux/, inProcess({ selinuxLabel: 'system_u:system_r:svirt_lxc_net_t:s0' })],
  ['process.scheduler.policy', /./, inProcess({ scheduler: { policy: 'SCHED_FAIR' } })],
  ['process.scheduler.nice', /./, inProcess({ scheduler: { policy: 'SCHED_OTHER', nice: 20 } })],
  ['process.ioPriority.class', /./, inProcess({ ioPriority: { class: 'IOPRIO_CLASS_NONE', priority: 0 } })],
  ['process.ioPriority.priority', /./, inProcess({ ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 8 } })],
  ['process.execCPUAffinity.final', /0-3,7/, inProcess({ execCPUAffinity: { final: 'all' } })],
  ['domainname', /uts namespace/, withoutNamespace('uts', inConfig({ domainname: 'example.org' }))],
  ['hostname', /uts namespace/, withoutNamespace('uts', inConfig({ hostname: 'inside' }))],
  ['linux.namespaces', /user namespace/, (spec) => spec.linux.namespaces?.push({ type: 'user' })],
  ['linux.namespaces', /ipc is there twice/, (spec) => spec.linux.namespaces?.push({ type: 'ipc' })],
  ['linux.uidMappings', /user namespace/, inLinux({ uidMappings: MAPPING })],
  ['linux.gidMappings', /user namespace/, inLinux({ gidMappings: MAPPING })],
  ['linux.timeOffsets', /time namespace/, inLinux({ timeOffsets: { boottime: { secs: 1 } } })],
  ['linux.mountLabel', /SELinux/, inLinux({ mountLabel: 'system_u:object_r:svirt_sandbox_file_t:s0' })],
  ['linux.intelRdt', /Resource Director/, inLinux({ intelRdt: { closID: 'guaranteed' } })],
  ['linux.netDevices', /network devices/, inLinux({ netDevices: { eth9: {} } })],
  ['linux.memoryPolicy', /memory policies/, inLinux({ memoryPolicy: { mode: 'MPOL_LOCAL' } })],
  ['linux.personality.flags', /none/, inLinux({ personality: { domain: 'LINUX', flags: ['ADDR_NO_RANDOMIZE'] } })],
  ['linux.seccomp: listenerPath', /./, inLinux({ seccomp: { ...allowAll(), listenerPath: '/run/agent' } })],
  ['linux.seccomp: listenerMetadata', /./, inLinux({ seccomp: { ...allowAll(), listenerMetadata: 'x' } })],
  [
    'linux.seccomp: flag SECCOMP_FILTER_FLAG_NEW_LISTENER',
    /./,
    inLinux({ seccomp: { ...allowAll(), flags: ['SECCOMP_FILTER_FLAG_NEW_LISTENER'] } }),
  ],
  ['linux.seccomp: action SCMP_ACT_NOTIFY', /./, inLinux({ seccomp: { defaultAction: 'SCMP_ACT_NOTIFY' } })],
  ['linux.sysctl.vm.swappiness', /whole computer/, inLinux({ sysctl: { 'vm.swappiness': '10' } })],
  ['linux.sysctl.kernel/../vm/swappiness', /no name/, inLinux({ sysctl: { 'kernel/../vm/swappiness': '10' } })],
  [
    'linux.sysctl.net.ipv4.ip_forward',
    /network namespace/,
    withoutNamespace('network', inLinux({ sysctl: { 'net.ipv4.ip_forward': '1' } })),
  ],
  ['mounts: /data', /id-mapped/, withMount({ uidMappings: MAPPING, gidMappings: MAPPING })],
  ['mounts: /data', /id-mapped/, withMount({ options: ['bind', 'ridmap'] })],
];

function allowAll() {
  return { defaultAction: 'SCMP_ACT_ALLOW' };
}

describe('every field of config.json is done or refused by its name', { timeout: 60_000 * SLOWNESS }, () => {
  if (!need('root')) return test('needs root', () => undefined);
  const containers = new TestContainers();
  const linux = release().split('.').map(Number);
  const timeNamespaces = linux[0]! > 6 || (linux[0] === 6 && linux[1]! >= 3);

  test.for(REFUSED)('OCI runtime 1.2 config §Valid values: %s is refused', async ([field, why, change]) => {
    const created = containers.create(dockerLikeSpec(['/bin/true'], change));
    const message = await created.then(
      () => 'made',
      (error: Error) => error.message,
    );
    const name = field.startsWith('process.') && message.startsWith('process:') ? field.slice(8) : field;
    expect(message).toContain(name);
    expect(message).toMatch(why);
    expect(await containers.runtime.list()).toEqual([]);
  });

  test('empty values ask for nothing', async () => {
    const nothing: Change = (spec) => {
      inProcess({ apparmorProfile: 'unconfined', selinuxLabel: '', execCPUAffinity: { initial: '' } })(spec);
      inLinux({ mountLabel: '', uidMappings: [], intelRdt: null, personality: { domain: 'LINUX', flags: [] } })(spec);
    };
    expect(await containers.shell('echo ran', nothing)).toBe('ran');
  });

  test('config-linux §Personality: a program of LINUX32 sees a 32-bit machine, and so does one of exec', async () => {
    const personality = inLinux({ personality: { domain: 'LINUX32' } });
    expect(await containers.shell('/bin/busybox uname -m', personality)).toBe('i686');
    const said = await inAnother(['/bin/busybox', 'uname', '-m'], personality);
    expect(said).toBe('i686');
  });

  test('config §Linux Process, scheduler: policy, nice and flags', async () => {
    const scheduler = { policy: 'SCHED_BATCH', nice: 7, flags: ['SCHED_FLAG_RESET_ON_FORK'] };
    // Nice, and the policy, as proc_pid_stat(5) has them.
    const { stdout } = await containers.run(['/bin/cat', '/proc/self/stat'], inProcess({ scheduler }));
    const fields = stdout.replace(/^.*\) /, '').split(' ');
    expect([fields[16], fields[38]]).toEqual(['7', '3']);
    const reset = await containers.shell(
      'cat /proc/self/stat; true',
      inProcess({ scheduler: { ...scheduler, nice: -5 } }),
    );
    expect(reset.replace(/^.*\) /, '').split(' ')[16]).toBe('0');
  });

  test('config §Linux Process, scheduler: what the kernel has no such policy for is its error', async () => {
    const { id } = await containers.create(
      dockerLikeSpec(['/bin/true'], inProcess({ scheduler: { policy: 'SCHED_ISO' } })),
    );
    await expect(containers.runtime.start(id)).rejects.toThrow(/SCHED_ISO: sched_setattr failed with EINVAL/);
  });

  test('config §Linux Process, ioPriority: class and level', async () => {
    const ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 6 };
    expect(await containers.shell('/bin/busybox ionice', inProcess({ ioPriority }))).toBe('best-effort: prio 6');
  });

  test('config §Linux Process, execCPUAffinity: of exec, not of the first process', async () => {
    const all = await containers.shell('grep Cpus_allowed_list /proc/self/status');
    const cpus = parseCpuList(all.split(/\s+/)[1]!);
    const last = String(cpus.at(-1));
    const affinity = inProcess({ execCPUAffinity: { initial: String(cpus[0]), final: last } });
    expect(await containers.shell('grep Cpus_allowed_list /proc/self/status', affinity)).toBe(all);
    const said = await inAnother(['/bin/grep', 'Cpus_allowed_list', '/proc/self/status'], affinity);
    expect(said.split(/\s+/)[1]).toBe(last);
  });

  test('config §Domainname', async () => {
    const said = await containers.shell('cat /proc/sys/kernel/domainname', inConfig({ domainname: 'example.org' }));
    expect(said).toBe('example.org');
  });

  test('config §mounts: options of mount(8) that mean nothing to the kernel any more are taken', async () => {
    const options = ['silent', 'loud', 'iversion', 'noiversion', 'lazytime', 'nolazytime', 'sync', 'dirsync'];
    const mount = withMount({ type: 'tmpfs', source: 'tmpfs', options });
    expect(await containers.shell('grep " /data " /proc/mounts', mount)).toMatch(/rw,sync,dirsync/);
  });

  test('config-linux §Offset for Time Namespace: clocks of its own, for exec too, and for one that joins', async () => {
    const DAYS = 40 * 86_400;
    const own: Change = (spec) => {
      spec.linux.namespaces?.push({ type: 'time' });
      spec.linux = { ...spec.linux, timeOffsets: { boottime: { secs: DAYS, nanosecs: 5 }, monotonic: { secs: 60 } } };
    };
    const uptime = (said: string): number => Number(said.split(' ')[0]);
    if (!timeNamespaces) {
      await expect(containers.shell('cat /proc/uptime', own)).rejects.toThrow(/time namespace needs Linux 6\.3/);
      return;
    }
    expect(uptime(await containers.shell('cat /proc/uptime', own))).toBeGreaterThan(DAYS);
    expect(await containers.shell('cat /proc/self/timens_offsets', own)).toMatch(
      /monotonic +60 +0\nboottime +3456000 +5/,
    );
    expect(uptime(await inAnother(['/bin/cat', '/proc/uptime'], own))).toBeGreaterThan(DAYS);
    const { id, pid } = await containers.create(dockerLikeSpec(['/bin/sleep', '1000'], own));
    await containers.runtime.start(id);
    const join: Change = (spec) => spec.linux.namespaces?.push({ type: 'time', path: `/proc/${pid}/ns/time` });
    expect(uptime(await containers.shell('cat /proc/uptime', join))).toBeGreaterThan(DAYS);
    expect(uptime(await containers.shell('cat /proc/uptime'))).toBeLessThan(DAYS);
  });

  /** What a program prints that is executed in a running container of this configuration. */
  async function inAnother(args: string[], change: Change): Promise<string> {
    const spec = dockerLikeSpec(['/bin/sleep', '1000'], change);
    const { id } = await containers.create(spec);
    await containers.runtime.start(id);
    const exec = await containers.runtime.exec(id, { ...spec.process!, args }, { kind: 'pipes', stdin: false });
    const said = hear(exec.io);
    await exec.wait();
    const { stdout, stderr } = await said;
    await containers.runtime.delete(id, { force: true });
    return (stdout + stderr).trim();
  }
});
