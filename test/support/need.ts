import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeEach } from 'vitest';

/** Why tests of KVM itself are skipped on a computer without it. Those are run in the lab (test/lab/kvm-*.test.ts). */
export const RUNS_IN_THE_LAB = 'needs a /dev/kvm it may open: run in the lab instead';

/** What a test can need of the computer it runs on, and why it is not there. */
const needs = {
  kvm: () => (usable('/dev/kvm') ? undefined : RUNS_IN_THE_LAB),
  /** KVM on a processor that virtualizes: without, some run micro-guests, and no Linux. */
  hardware: () => (/\b(vmx|svm)\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? undefined : RUNS_IN_THE_LAB),
  root: () => (process.getuid?.() === 0 ? undefined : 'needs root'),
  display: () => (process.env.DISPLAY || found('Xvfb') ? undefined : 'needs a display, or Xvfb'),
  qemu: () => missingOf(['qemu-system-x86_64']),
  openssl: () => missingOf(['openssl']),
  xorriso: () => missingOf(['xorriso']),
  isoinfo: () => missingOf(['isoinfo', 'blkid']),
  'grub-mkrescue': () => missingOf(['grub-mkrescue', 'xorriso', 'mformat']),
  debootstrap: () => missingOf(['debootstrap', 'mkfs.ext4', 'grub-mkimage']),
  passt: () => missingOf(['passt']),
  'qemu-img': () => missingOf(['qemu-img', 'qemu-io']),
  gcc: () => missingOf(['gcc']),
  registry: () => missingOf(['docker-registry', 'skopeo', 'umoci', 'setfattr']),
  oci: () => missingOf(['runc', 'crun']),
  networks: () => missingOf(['nft', 'tar', 'busybox']),
  rootless: () => missingOf(['newuidmap', 'pasta', 'useradd', 'mkfs.ext4', 'pgrep']),
  docker: () => missingOf(['apt-get', 'dpkg-deb', 'ps']),
  lab: () => {
    if (process.arch !== 'x64' || process.platform !== 'linux') return 'needs x86-64 Linux';
    return missingOf(['qemu-system-x86_64', 'busybox', 'cpio', 'depmod', 'modprobe', 'dpkg-deb', 'apt-get', 'node']);
  },
} satisfies Record<string, () => string | undefined>;

export type Need = keyof typeof needs;

/**
 * Says in one word what the tests of this describe block (or file) need. Where that is not met they are skipped, with
 * the reason printed. Returns whether it is met, for the hooks that would make use of it.
 */
export function need(...what: readonly Need[]): boolean {
  const reason = what.map((one) => needs[one]()).find((why) => why !== undefined);
  if (reason === undefined) return true;
  beforeEach(({ skip }) => skip(reason));
  return false;
}

function missingOf(programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => !found(program));
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}

function found(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

function usable(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
