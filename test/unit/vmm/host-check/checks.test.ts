import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../../src-main/hypervisor/hypervisor.ts';
import { checkHost, type HostCheck } from '../../../../src-main/vmm/host-check/checks.ts';
import type { HostFacts } from '../../../../src-main/vmm/host-check/host-facts.ts';

const kvm: Verdict = { accelerator: 'kvm', usable: true, present: true, detail: 'works', maxVcpus: 8 };
const translated: Verdict = { accelerator: 'translated', usable: true, present: true, detail: 'works', maxVcpus: 1 };

/** A computer with everything, but for what a test takes away: a file set to undefined is not there. */
function checks(
  files: Record<string, string | undefined> = {},
  more: Partial<HostFacts> = {},
  verdicts = [kvm, translated],
) {
  const all: Record<string, string | undefined> = {
    '/proc/cpuinfo': 'processor : 0\nflags\t\t: fpu vmx sse\nvmx flags\t: ept vpid\n',
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
    '/proc/sys/user/max_user_namespaces': '63000\n',
    '/etc/subuid': 'ann:100000:65536\n',
    '/etc/subgid': 'ann:100000:65536\n',
    ...files,
  };
  const facts: HostFacts = {
    readFile: (path) => all[path],
    which: (tool) => `/usr/bin/${tool}`,
    freeMiB: () => 10_000,
    user: { name: 'ann', uid: 1000 },
    memoryMiB: 8000,
    memoryFreeMiB: 4000,
    kernelRelease: '6.1.0',
    ...more,
  };
  return new Map(checkHost(facts, verdicts, '/home/ann/machines').map((check) => [check.name, check]));
}

describe('the host check', () => {
  it('finds nothing missing on a computer that has everything', () => {
    expect([...checks().values()].filter(({ ok }) => !ok)).toEqual([]);
  });

  it.each<[string, string, Record<string, string | undefined>, Partial<HostCheck>]>([
    ['AMD', 'CPU virtualization', { '/proc/cpuinfo': 'flags : svm npt' }, { ok: true, detail: 'AMD-V (svm)' }],
    [
      'no virtualization',
      'CPU virtualization',
      { '/proc/cpuinfo': 'flags : fpu' },
      { ok: false, hint: expect.stringContaining('firmware') },
    ],
    [
      'a guest',
      'CPU virtualization',
      { '/proc/cpuinfo': 'flags : hypervisor' },
      { ok: false, hint: expect.stringContaining('nested') },
    ],
    [
      'cgroup v2 without memory',
      'cgroups',
      { '/sys/fs/cgroup/cgroup.controllers': 'cpu pids' },
      { ok: false, detail: 'version 2 without memory' },
    ],
    [
      'cgroup v1',
      'cgroups',
      { '/sys/fs/cgroup/cgroup.controllers': undefined, '/proc/self/mounts': 'c /sys/fs/cgroup/pids cgroup rw 0 0\n' },
      { ok: true, detail: 'version 1 with pids' },
    ],
    ['no cgroups', 'cgroups', { '/sys/fs/cgroup/cgroup.controllers': undefined }, { ok: false }],
    [
      'no user namespaces',
      'user namespaces',
      { '/proc/sys/user/max_user_namespaces': '0' },
      { ok: false, hint: expect.stringContaining('sysctl') },
    ],
    ['Debian’s switch', 'user namespaces', { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' }, { ok: false }],
    [
      'Ubuntu’s AppArmor',
      'user namespaces',
      { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' },
      { ok: false, detail: expect.stringContaining('AppArmor') },
    ],
    ['no subgid', 'subordinate ids', { '/etc/subgid': '' }, { ok: false, hint: expect.stringContaining('usermod') }],
    ['a range by number', 'subordinate ids', { '/etc/subuid': '1000:1:2\n' }, { ok: true }],
  ])('%s: %s', (_what, name, files, expected) => {
    expect(checks(files).get(name)).toMatchObject(expected);
  });

  it('says how to get a missing tool, how much room there is, and what runs machines', () => {
    const poor = checks(
      {},
      { which: () => undefined, freeMiB: (path) => (path === '/' ? 5 : undefined), memoryFreeMiB: 9 },
    );
    expect(poor.get('passt')).toMatchObject({ ok: false, hint: 'sudo apt install passt' });
    expect(poor.get('disk space')).toMatchObject({ ok: false, detail: '5 MiB free for /home/ann/machines' });
    expect(poor.get('memory')).toMatchObject({ ok: false });
    const slow = checks({}, {}, [{ ...kvm, usable: false, hint: 'join the group' }, translated]);
    expect(slow.get('KVM')).toMatchObject({ ok: false, hint: 'join the group' });
    expect(slow.get('virtual machines')).toMatchObject({ ok: true, detail: expect.stringContaining('translating') });
    expect(checks({}, {}, [{ ...kvm, usable: false }]).get('virtual machines')).toMatchObject({ ok: false });
  });
});
