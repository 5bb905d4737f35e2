import type { Verdict } from '../../hypervisor/hypervisor.ts';
import type { HostFacts } from './host-facts.ts';

/** One line of `bulkhead host check`. */
export interface HostCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it, where something can be done. */
  readonly hint?: string;
}

/** Everything that is checked, in the order it is shown. `dataFolder` is where machines are kept. */
export function checkHost(facts: HostFacts, verdicts: readonly Verdict[], dataFolder: string): HostCheck[] {
  return [
    ...verdicts.map(checkAccelerator),
    checkChosenAccelerator(verdicts),
    checkVirtualization(facts),
    checkNestedPaging(facts),
    checkMemory(facts),
    checkDisk(facts, dataFolder),
    checkCgroups(facts),
    checkUserNamespaces(facts),
    checkSubordinateIds(facts),
    ...TOOLS.map((tool) => checkTool(facts, tool)),
  ];
}

function checkAccelerator({ accelerator, usable, detail, hint }: Verdict): HostCheck {
  return check(accelerator === 'kvm' ? 'KVM' : 'translating accelerator', usable, detail, usable ? undefined : hint);
}

/** What `accelerator: auto` comes to here. */
function checkChosenAccelerator(verdicts: readonly Verdict[]): HostCheck {
  const chosen = verdicts.find(({ usable }) => usable);
  if (!chosen) return check('virtual machines', false, 'no accelerator can be used: machines cannot run here');
  const what = chosen.accelerator === 'kvm' ? 'KVM' : 'the translating accelerator (32-bit guests)';
  return check('virtual machines', true, `run on ${what} unless told otherwise`);
}

function checkVirtualization(facts: HostFacts): HostCheck {
  const flags = cpuFlags(facts);
  const name = 'CPU virtualization';
  if (flags.has('vmx')) return check(name, true, 'Intel VT-x (vmx)');
  if (flags.has('svm')) return check(name, true, 'AMD-V (svm)');
  if (flags.has('hypervisor')) {
    return check(
      name,
      false,
      'this computer is itself a virtual machine, and its CPU shows neither vmx nor svm',
      'switch nested virtualization on where this computer is hosted',
    );
  }
  return check(
    name,
    false,
    'the CPU shows neither vmx nor svm',
    'switch VT-x, AMD-V or SVM on in the firmware settings',
  );
}

/** Second-level address translation, as /proc/cpuinfo names it (arch/x86/include/asm/cpufeatures.h). */
function checkNestedPaging(facts: HostFacts): HostCheck {
  const flags = cpuFlags(facts);
  if (flags.has('ept')) return check('nested paging', true, 'EPT');
  if (flags.has('npt')) return check('nested paging', true, 'NPT');
  return check('nested paging', false, 'neither EPT nor NPT is shown: guests run slower, if at all');
}

function checkMemory({ memoryMiB, memoryFreeMiB }: HostFacts): HostCheck {
  const detail = `${memoryMiB} MiB, ${memoryFreeMiB} MiB of it available`;
  const ok = memoryFreeMiB >= 256;
  return check('memory', ok, detail, ok ? undefined : 'close something: a small machine needs 128 MiB');
}

function checkDisk(facts: HostFacts, dataFolder: string): HostCheck {
  const free = nearestFree(facts, dataFolder);
  if (free === undefined) return check('disk space', false, `${dataFolder}: its free space cannot be told`);
  const ok = free >= 512;
  return check('disk space', ok, `${free} MiB free for ${dataFolder}`, ok ? undefined : 'free some disk space');
}

/** The folder itself may not exist yet. */
function nearestFree(facts: HostFacts, folder: string): number | undefined {
  for (let path = folder; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const free = facts.freeMiB(path === '' ? '/' : path);
    if (free !== undefined || path === '') return free;
  }
}

function checkCgroups(facts: HostFacts): HostCheck {
  const controllers = facts.readFile('/sys/fs/cgroup/cgroup.controllers');
  if (controllers !== undefined) {
    const list = controllers.trim();
    const missing = ['cpu', 'memory', 'pids'].filter((name) => !list.split(' ').includes(name));
    if (missing.length === 0) return check('cgroups', true, `version 2 with ${list}`);
    return check('cgroups', false, `version 2 without ${missing.join(', ')}`);
  }
  const mounts = facts.readFile('/proc/self/mounts') ?? '';
  if (/ cgroup /.test(mounts)) {
    const first = [...mounts.matchAll(/^\S+ (\S+) cgroup /gm)].map(([, path]) => path!.split('/').at(-1)!);
    return check('cgroups', true, `version 1 with ${[...new Set(first)].join(', ')}`);
  }
  return check('cgroups', false, 'none are mounted', 'containers will need them: mount cgroup2 at /sys/fs/cgroup');
}

/** user_namespaces(7); Debian's and Ubuntu's switches of their own. */
function checkUserNamespaces(facts: HostFacts): HostCheck {
  const name = 'user namespaces';
  const read = (path: string): string | undefined => facts.readFile(`/proc/sys/${path}`)?.trim();
  const most = read('user/max_user_namespaces');
  if (most === undefined) return check(name, false, 'this kernel has none (CONFIG_USER_NS)');
  if (most === '0') {
    return check(name, false, 'user.max_user_namespaces is 0', 'sudo sysctl user.max_user_namespaces=15000');
  }
  if (facts.user.uid === 0) return check(name, true, `up to ${most}`);
  if (read('kernel/unprivileged_userns_clone') === '0') {
    const hint = 'sudo sysctl kernel.unprivileged_userns_clone=1';
    return check(name, false, 'kernel.unprivileged_userns_clone is 0: only root may make them', hint);
  }
  if (read('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    const detail = 'AppArmor allows them only to programs with a profile';
    return check(name, false, detail, 'install the Bulkhead package: it brings its AppArmor profile');
  }
  return check(name, true, `up to ${most}`);
}

/** subuid(5): the range containers' users are mapped into. */
function checkSubordinateIds(facts: HostFacts): HostCheck {
  const name = 'subordinate ids';
  const { user } = facts;
  if (user.uid === 0) return check(name, true, 'not needed by root');
  const has = (path: string): boolean =>
    (facts.readFile(path) ?? '').split('\n').some((line) => [user.name, `${user.uid}`].includes(line.split(':')[0]!));
  const missing = ['/etc/subuid', '/etc/subgid'].filter((path) => !has(path));
  if (missing.length === 0) return check(name, true, `${user.name} has ranges in /etc/subuid and /etc/subgid`);
  const hint = `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user.name}`;
  return check(name, false, `${user.name} has none in ${missing.join(' and ')}: containers will need them`, hint);
}

interface Tool {
  readonly command: string;
  readonly purpose: string;
  readonly debianPackage: string;
}

const TOOLS: readonly Tool[] = [
  { command: 'passt', purpose: 'user-mode networking of virtual machines', debianPackage: 'passt' },
  { command: 'nft', purpose: 'bridge networks of containers', debianPackage: 'nftables' },
  { command: 'newuidmap', purpose: 'containers without root', debianPackage: 'uidmap' },
];

function checkTool(facts: HostFacts, { command, purpose, debianPackage }: Tool): HostCheck {
  const path = facts.which(command);
  if (path !== undefined) return check(command, true, `${path}, for ${purpose}`);
  return check(command, false, `not installed; needed for ${purpose}`, `sudo apt install ${debianPackage}`);
}

function cpuFlags(facts: HostFacts): Set<string> {
  const line = /^flags\s*:\s*(.*)$/m.exec(facts.readFile('/proc/cpuinfo') ?? '')?.[1] ?? '';
  // Newer kernels list EPT among the VMX features instead.
  const vmx = /^vmx flags\s*:\s*(.*)$/m.exec(facts.readFile('/proc/cpuinfo') ?? '')?.[1] ?? '';
  return new Set([...line.split(' '), ...vmx.split(' ')]);
}

function check(name: string, ok: boolean, detail: string, hint?: string): HostCheck {
  return { name, ok, detail, ...(hint === undefined ? {} : { hint }) };
}
