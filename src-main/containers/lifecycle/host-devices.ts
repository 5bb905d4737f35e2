import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../base/failure.ts';
import type { HostConfig } from './container-config.ts';
import type { SpecDevice } from './spec/make-spec.ts';

/** Of /dev, what a container has of its own. */
const OWN = new Set([
  'console',
  'pts',
  'shm',
  'mqueue',
  'fd',
  'ptmx',
  'stdin',
  'stdout',
  'stderr',
  'core',
  'tty',
  'null',
  'zero',
  'full',
  'random',
  'urandom',
]);
const S_IFMT = 0o170000;
const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;

/** Devices of the host that go into a container: those asked for with --device, or for a privileged one all. */
export function hostDevices(host: HostConfig): SpecDevice[] {
  if (host.Privileged) return devicesUnder('/dev', '/dev').filter(({ path }) => !OWN.has(path.split('/')[2] ?? ''));
  return host.Devices.flatMap(({ PathOnHost, PathInContainer, CgroupPermissions }) => {
    const found = devicesUnder(PathOnHost, PathInContainer || PathOnHost, CgroupPermissions || 'rwm');
    if (found.length > 0) return found;
    throw new Failure(
      'usage',
      'bad-device',
      `error gathering device information while adding custom device "${PathOnHost}": not a device node`,
    );
  });
}

function devicesUnder(source: string, target: string, access = 'rwm'): SpecDevice[] {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isDirectory()) {
    return readdirSync(source, { withFileTypes: true })
      .filter((entry) => !entry.isSymbolicLink())
      .flatMap(({ name }) => devicesUnder(join(source, name), join(target, name), access));
  }
  const device = deviceOf(stat, source, target, access);
  return device === undefined ? [] : [device];
}

function deviceOf(stat: Stats, source: string, path: string, access: string): SpecDevice | undefined {
  const kind = stat.mode & S_IFMT;
  if (kind !== S_IFBLK && kind !== S_IFCHR) return undefined;
  return {
    path,
    source,
    type: kind === S_IFBLK ? 'b' : 'c',
    ...numbersOf(stat.rdev),
    fileMode: stat.mode & 0o777,
    uid: stat.uid,
    gid: stat.gid,
    access,
  };
}

/** makedev(3), glibc. */
function numbersOf(device: number): { major: number; minor: number } {
  const low = device % 2 ** 32;
  return { major: (low >>> 8) & 0xfff, minor: (low & 0xff) | ((low >>> 12) & 0xfff00) };
}
