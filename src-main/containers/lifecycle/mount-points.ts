import { isAbsolute, normalize } from 'node:path/posix';
import { Failure } from '../../base/failure.ts';
import type { ContainerConfig, HostConfig, MountRequest } from './container-config.ts';

/** One mount of a container's own, as asked for: where from, where to, how. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** Of a volume; empty until an anonymous one is made. */
  readonly name: string;
  /** Folder or file of the host. */
  readonly source: string;
  readonly destination: string;
  readonly writable: boolean;
  readonly propagation: string;
  /** As the user wrote it: `ro,z`. */
  readonly mode: string;
  /** A volume that is new takes over what the image has there. */
  readonly copyUp: boolean;
  readonly createSource: boolean;
  /** Of a tmpfs, in mount(8)'s words. */
  readonly options: readonly string[];
}

const PROPAGATIONS = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

/**
 * Everything a container mounts, by destination: what is said with `-v`, `--mount` and `--tmpfs`, then `--volumes-from`,
 * then the volumes its image declares, each destination once.
 */
export function mountPoints(
  config: ContainerConfig,
  host: HostConfig,
  mountsOf: (container: string) => readonly MountPoint[],
): MountPoint[] {
  const points = new Map<string, MountPoint>();
  const add = (point: MountPoint): void => {
    if (points.has(point.destination)) {
      throw new Failure('usage', 'duplicate-mount', `Duplicate mount point: ${point.destination}`);
    }
    points.set(point.destination, point);
  };
  for (const bind of host.Binds ?? []) add(parseBind(bind));
  for (const request of host.Mounts) add(fromRequest(request));
  for (const [target, options] of Object.entries(host.Tmpfs)) add(tmpfs(target, options.split(',').filter(Boolean)));
  for (const from of host.VolumesFrom ?? []) {
    const [container = '', mode = 'rw'] = from.split(':', 2);
    if (mode !== 'rw' && mode !== 'ro') throw wrong(`invalid mode for volumes-from: ${mode}`);
    for (const point of mountsOf(container)) {
      if (point.type === 'tmpfs' || points.has(point.destination)) continue;
      points.set(point.destination, { ...point, writable: point.writable && mode === 'rw', copyUp: false });
    }
  }
  for (const target of Object.keys(config.Volumes)) {
    const destination = checkedTarget(target);
    if (!points.has(destination)) points.set(destination, volume('', destination));
  }
  return [...points.values()].sort((a, b) => a.destination.split('/').length - b.destination.split('/').length);
}

/** `/host:/target:ro`, `name:/target`, `/target`. */
export function parseBind(text: string): MountPoint {
  const parts = text.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw wrong(`invalid volume specification: '${text}'`);
  if (parts.length === 1) return volume('', checkedTarget(text));
  const [source = '', target = '', mode = ''] = parts;
  const destination = checkedTarget(target);
  const options = parseMode(mode, text);
  const common = { destination, writable: !options.readOnly, mode };
  if (!isAbsolute(source)) return { ...volume(source, destination), ...common, copyUp: options.copyUp };
  return {
    ...blank,
    ...common,
    type: 'bind',
    source: tidy(source),
    propagation: options.propagation,
    createSource: true,
  };
}

function parseMode(mode: string, whole: string): { readOnly: boolean; copyUp: boolean; propagation: string } {
  const result = { readOnly: false, copyUp: true, propagation: 'rprivate' };
  for (const word of mode === '' ? [] : mode.split(',')) {
    if (word === 'ro') result.readOnly = true;
    else if (word === 'nocopy') result.copyUp = false;
    else if (PROPAGATIONS.has(word)) result.propagation = word;
    // SELinux labels and the consistency of other systems' file sharing: nothing to do here.
    else if (!['rw', 'z', 'Z', 'cached', 'delegated', 'consistent'].includes(word)) {
      throw wrong(`invalid volume specification: '${whole}': invalid mode: ${mode}`);
    }
  }
  return result;
}

function fromRequest(request: MountRequest): MountPoint {
  const destination = checkedTarget(request.Target);
  const writable = !request.ReadOnly;
  if (request.Type === 'tmpfs') {
    const { SizeBytes = 0, Mode = 0 } = request.TmpfsOptions ?? {};
    const size = SizeBytes > 0 ? [`size=${SizeBytes}`] : [];
    const mode = Mode > 0 ? [`mode=${Mode.toString(8)}`] : [];
    return { ...tmpfs(destination, [...size, ...mode]), writable };
  }
  if (request.Type === 'volume') {
    if (request.VolumeOptions?.Subpath) throw wrong('volume subpath: not supported here');
    return { ...volume(request.Source, destination), writable, copyUp: !request.VolumeOptions?.NoCopy };
  }
  if (!isAbsolute(request.Source)) {
    throw wrong(
      `invalid mount config for type "bind": invalid mount path: '${request.Source}' mount path must be absolute`,
    );
  }
  return {
    ...blank,
    type: 'bind',
    source: tidy(request.Source),
    destination,
    writable,
    propagation: request.BindOptions?.Propagation || 'rprivate',
    createSource: request.BindOptions?.CreateMountpoint ?? false,
  };
}

const blank = {
  name: '',
  source: '',
  writable: true,
  propagation: '',
  mode: '',
  copyUp: false,
  createSource: false,
  options: [],
} as const;

function volume(name: string, destination: string): MountPoint {
  return { ...blank, type: 'volume', name, destination, copyUp: true };
}

function tmpfs(target: string, options: readonly string[]): MountPoint {
  return { ...blank, type: 'tmpfs', destination: checkedTarget(target), options };
}

function checkedTarget(target: string): string {
  if (!isAbsolute(target))
    throw wrong(`invalid mount config: invalid mount path: '${target}' mount path must be absolute`);
  const path = tidy(target);
  if (path === '/') throw wrong("invalid volume specification: destination can't be '/'");
  return path;
}

function tidy(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-mount', message);
}
