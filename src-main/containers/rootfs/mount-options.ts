import { MOUNT_ATTR, type Propagation } from '../../linux/mount.ts';

/** What the options of one mount ask for: OCI runtime 1.2 config §mounts, "Linux mount options". */
export interface MountPlan {
  readonly bind: boolean;
  readonly recursive: boolean;
  /** MOUNT_ATTR bits for this mount, and those of options that begin with `r` for all below it. */
  readonly set: number;
  readonly clear: number;
  readonly setRecursively: number;
  readonly clearRecursively: number;
  readonly propagation: readonly { readonly kind: Propagation; readonly recursive: boolean }[];
  /** For the file system: `size=64m`. */
  readonly data: readonly string[];
  /** runc's extension: what the image has there is copied into the tmpfs. */
  readonly copyUp: boolean;
}

type Change = { readonly set: number } | { readonly clear: number };

const ATTRIBUTES: Readonly<Record<string, Change>> = {
  ro: { set: MOUNT_ATTR.RDONLY },
  rw: { clear: MOUNT_ATTR.RDONLY },
  nosuid: { set: MOUNT_ATTR.NOSUID },
  suid: { clear: MOUNT_ATTR.NOSUID },
  nodev: { set: MOUNT_ATTR.NODEV },
  dev: { clear: MOUNT_ATTR.NODEV },
  noexec: { set: MOUNT_ATTR.NOEXEC },
  exec: { clear: MOUNT_ATTR.NOEXEC },
  noatime: { set: MOUNT_ATTR.NOATIME },
  atime: { clear: MOUNT_ATTR.ATIME },
  relatime: { clear: MOUNT_ATTR.ATIME },
  norelatime: { clear: MOUNT_ATTR.ATIME },
  strictatime: { set: MOUNT_ATTR.STRICTATIME },
  nostrictatime: { clear: MOUNT_ATTR.ATIME },
  nodiratime: { set: MOUNT_ATTR.NODIRATIME },
  diratime: { clear: MOUNT_ATTR.NODIRATIME },
  nosymfollow: { set: MOUNT_ATTR.NOSYMFOLLOW },
  symfollow: { clear: MOUNT_ATTR.NOSYMFOLLOW },
};

const PROPAGATIONS = ['private', 'shared', 'slave', 'unbindable'] as const;
/** Of mount(8), and nothing to the kernel here. */
const WITHOUT_EFFECT = new Set([
  ...['defaults', 'async', 'auto', 'noauto', 'user', 'nouser', 'mand', 'nomand', 'remount', 'silent', 'loud'],
  ...['iversion', 'noiversion', 'nolazytime'],
]);

/** Those acted on here; the rest go to the file system. */
export const MOUNT_OPTIONS: readonly string[] = [
  ...['bind', 'rbind', 'tmpcopyup', ...WITHOUT_EFFECT],
  ...[...PROPAGATIONS, ...Object.keys(ATTRIBUTES)].flatMap((name) => [name, `r${name}`]),
].sort();

export function planMount(options: readonly string[]): MountPlan {
  const here = { set: 0, clear: 0 };
  const below = { set: 0, clear: 0 };
  const propagation: { kind: Propagation; recursive: boolean }[] = [];
  const data: string[] = [];
  let bind = false;
  let recursive = false;
  let copyUp = false;
  for (const option of options) {
    const kind = PROPAGATIONS.find((name) => option === name || option === `r${name}`);
    if (option === 'bind' || option === 'rbind') {
      bind = true;
      recursive = option === 'rbind';
    } else if (kind) propagation.push({ kind, recursive: option.startsWith('r') });
    else if (option in ATTRIBUTES) apply(here, ATTRIBUTES[option]!);
    else if (option.startsWith('r') && option.slice(1) in ATTRIBUTES) apply(below, ATTRIBUTES[option.slice(1)]!);
    else if (option === 'tmpcopyup') copyUp = true;
    else if (!WITHOUT_EFFECT.has(option)) data.push(option);
  }
  return {
    bind,
    recursive,
    ...here,
    setRecursively: below.set,
    clearRecursively: below.clear,
    propagation,
    data,
    copyUp,
  };
}

/** A later option overrules an earlier one; of the access-time policies there is one. */
function apply(bits: { set: number; clear: number }, change: Change): void {
  if ('set' in change) {
    if (change.set & MOUNT_ATTR.ATIME) {
      bits.set &= ~MOUNT_ATTR.ATIME;
      bits.clear |= MOUNT_ATTR.ATIME;
    } else bits.clear &= ~change.set;
    bits.set |= change.set;
    return;
  }
  bits.set &= ~change.clear;
  bits.clear |= change.clear;
}
