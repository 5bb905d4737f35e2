/** OCI runtime 1.2 config.md "Mounts". */
export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: string[];
}

export interface StandardMountOptions {
  readonly privileged: boolean;
  readonly shmBytes: number;
  /** Of the host, with `--ipc=host`. */
  readonly hostIpc: boolean;
  /** Where the cgroup file system is not to be seen. */
  readonly cgroup: boolean;
}

const mount = (destination: string, type: string, source: string, options: string): SpecMount => ({
  destination,
  type,
  source,
  options: options.split(' '),
});

/** What every container sees mounted before its own volumes; Docker's documented default. */
export function standardMounts({ privileged, shmBytes, hostIpc, cgroup }: StandardMountOptions): SpecMount[] {
  const access = privileged ? 'rw' : 'ro';
  return [
    mount('/proc', 'proc', 'proc', 'nosuid noexec nodev'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid strictatime mode=755 size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', 'nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5'),
    mount('/sys', 'sysfs', 'sysfs', `nosuid noexec nodev ${access}`),
    ...(cgroup ? [mount('/sys/fs/cgroup', 'cgroup', 'cgroup', `nosuid noexec nodev ${access}`)] : []),
    ...(hostIpc
      ? [
          mount('/dev/mqueue', 'bind', '/dev/mqueue', 'rbind nosuid noexec nodev rw'),
          mount('/dev/shm', 'bind', '/dev/shm', 'rbind nosuid noexec nodev rw'),
        ]
      : [
          mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid noexec nodev'),
          mount('/dev/shm', 'tmpfs', 'shm', `nosuid noexec nodev mode=1777 size=${shmBytes}`),
        ]),
  ];
}
