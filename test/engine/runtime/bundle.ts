import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpecInput } from '../../../src-main/containers/runtime/spec/config.ts';

const APPLETS = [
  ...['sh', 'true', 'false', 'echo', 'cat', 'sleep', 'id', 'ls', 'mount', 'umount', 'hostname', 'grep', 'env', 'pwd'],
  ...['head', 'tail', 'dd', 'ps', 'stty', 'tty', 'mkdir', 'mknod', 'ln', 'touch', 'chroot', 'unshare', 'readlink'],
  ...['stat', 'wc', 'kill', 'date', 'yes', 'tr', 'awk', 'sort', 'find', 'rm', 'sed', 'basename', 'ulimit', 'test'],
];

const CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);

/** What Docker gives a container, over a root file system of busybox. */
export function dockerLikeSpec(args: readonly string[], change: (spec: Draft) => void = () => undefined): SpecInput {
  const spec: Draft = {
    ociVersion: '1.0.2',
    root: { path: 'rootfs' },
    hostname: 'inside',
    process: {
      args: [...args],
      cwd: '/',
      env: ['PATH=/bin', 'TERM=xterm'],
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      noNewPrivileges: false,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      {
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['ro', 'nosuid', 'noexec', 'nodev'],
      },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev/shm',
        type: 'tmpfs',
        source: 'shm',
        options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=67108864'],
      },
    ],
    linux: {
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      namespaces: ['mount', 'network', 'uts', 'pid', 'ipc', 'cgroup'].map((type) => ({ type })) as never,
      maskedPaths: ['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
  change(spec);
  return spec;
}

type Mutable<T> = T extends readonly (infer U)[] ? U[] : T;
/** A configuration to be changed in place by a test. */
export type Draft = { -readonly [K in keyof SpecInput]: Mutable<SpecInput[K]> } & {
  process: NonNullable<SpecInput['process']>;
  linux: NonNullable<SpecInput['linux']>;
  mounts: NonNullable<SpecInput['mounts']>;
};

/** A bundle's folder with a root file system of busybox. */
export class Bundle {
  readonly path = mkdtempSync(join(tmpdir(), 'bulkhead-bundle-'));
  readonly rootfs = join(this.path, 'rootfs');

  constructor() {
    for (const folder of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev']) {
      mkdirSync(join(this.rootfs, folder), { recursive: true });
    }
    copyFileSync('/bin/busybox', join(this.rootfs, 'bin/busybox'));
    for (const applet of APPLETS) symlinkSync('busybox', join(this.rootfs, 'bin', applet));
    writeFileSync(join(this.rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/tmp:/bin/sh\n');
  }

  /** For runtimes that are driven by their command line. */
  write(spec: SpecInput): void {
    writeFileSync(join(this.path, 'config.json'), JSON.stringify(spec));
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
