import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { engineMark } from '../../../src-main/containers/networks/bridge-networks.ts';
import type { EnginePaths } from '../../../src-main/inventory/paths.ts';

/** What an engine says of one of its containers: Docker API 1.47 ContainerInspect, the part that can leave something. */
export interface Listed {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly Pid: number };
  readonly NetworkSettings: {
    readonly Networks: Readonly<
      Record<string, { readonly NetworkID: string; readonly EndpointID: string; readonly IPAddress: string }>
    >;
  };
}

/**
 * Everything of one engine on this computer that no container it lists accounts for, a line each.
 *
 * @param known ids of all containers there ever were: cgroups are shared with other engines and known by these alone
 */
export function straysOf(paths: EnginePaths, listed: readonly Listed[], known: ReadonlySet<string>): string[] {
  const all = new Set(listed.map(({ Id }) => Id));
  const live = listed.filter(({ State }) => State.Running);
  const liveIds = new Set(live.map(({ Id }) => Id));
  return [
    ...mounts(paths).filter((path) => ![...liveIds].some((id) => path.includes(`/${id}/`))),
    ...cgroups(known).filter((path) => !liveIds.has(nameOf(path))),
    ...links(paths, live),
    ...firewall(paths, live),
    ...processes(paths, live, known),
    ...namespaces(paths, live),
    ...namesOutside(paths.containers, all),
    ...namesOutside(join(paths.images, 'rootfs'), all),
    ...['leases', 'scratch', 'trash', 'intake'].flatMap((name) => namesOutside(join(paths.images, name), new Set())),
    ...namesOutside(paths.runtimeState, new Set([...liveIds, '.keeper.sock', '.keeper.lock'])),
    ...namesOutside(paths.runtimeNetworks, new Set(['firewall', ...[...liveIds].map((id) => `${id}.json`)])),
    ...halfWritten(paths, all),
  ];
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function namesOutside(folder: string, allowed: ReadonlySet<string>): string[] {
  return namesIn(folder)
    .filter((name) => !allowed.has(name))
    .map((name) => `file ${join(folder, name)}`);
}

function mounts({ data }: EnginePaths): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point.startsWith(data)).map((point) => `mount ${point}`);
}

function cgroups(known: ReadonlySet<string>): string[] {
  const top = '/sys/fs/cgroup';
  const parents = [join(top, 'bulkhead'), ...namesIn(top).map((name) => join(top, name, 'bulkhead'))];
  return parents.flatMap((parent) =>
    namesIn(parent)
      .filter((name) => known.has(name))
      .map((name) => `cgroup ${join(parent, name)}`),
  );
}

function links(paths: EnginePaths, live: readonly Listed[]): string[] {
  const mark = engineMark(paths.networks);
  const endpoints = live.flatMap(({ NetworkSettings }) => Object.values(NetworkSettings.Networks));
  const wanted = new Set([
    ...endpoints.map(({ EndpointID }) => `bv-${EndpointID.slice(0, 12)}`),
    ...endpoints.map(({ NetworkID }) => `bh-${NetworkID.slice(0, 12)}`),
  ]);
  const own = new Set(namesIn(paths.networks).map((file) => `bh-${file.slice(0, 12)}`));
  const isOurs = (name: string): boolean => own.has(name) || readIfThere(`/sys/class/net/${name}/ifalias`) === mark;
  return namesIn('/sys/class/net')
    .filter((name) => isOurs(name) && !wanted.has(name))
    .map((name) => `link ${name}`);
}

function firewall(paths: EnginePaths, live: readonly Listed[]): string[] {
  const mark = engineMark(paths.networks);
  const addresses = live
    .flatMap(({ NetworkSettings }) => Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress))
    .filter((address) => address !== '');
  const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  if (!tables.includes(mark)) return [];
  if (addresses.length === 0) return [`table ${mark}`];
  const rules = execFileSync('nft', ['list', 'table', 'ip', mark], { encoding: 'utf8' });
  return [...rules.matchAll(/dnat to ([\d.]+):/g)]
    .filter(([, address = '']) => !addresses.includes(address))
    .map(([rule, address]) => `rule ${rule}${address}`);
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0);
}

/**
 * Keepers beyond the first, their children that are in no container, but for the init that waits for the next one, and
 * processes in the cgroup of one that is gone.
 */
function processes({ runtimeState }: EnginePaths, live: readonly Listed[], known: ReadonlySet<string>): string[] {
  const all = pids();
  const keepers = all.filter((pid) => readIfThere(`/proc/${pid}/cmdline`).split('\0').includes(runtimeState));
  const first = new Set(live.map(({ State }) => State.Pid));
  let waiting = 0;
  const strays = all.flatMap((pid) => {
    const command = readIfThere(`/proc/${pid}/cmdline`);
    const [, id] = /\/bulkhead\/([0-9a-f]{64})/.exec(readIfThere(`/proc/${pid}/cgroup`)) ?? [];
    if (id !== undefined && live.some(({ Id }) => Id === id)) return [];
    const isKeepers = keepers.includes(parentOf(pid));
    if (isKeepers && id === undefined && command.includes('container-init.js') && waiting++ === 0) return [];
    const isOurs = (id !== undefined && known.has(id)) || isKeepers;
    return isOurs && !first.has(pid) ? [`process ${pid} ${command}`] : [];
  });
  return [...keepers.slice(1).map((pid) => `keeper ${pid}`), ...strays];
}

/** Network namespaces the engine holds open. */
function namespaces({ runtime }: EnginePaths, live: readonly Listed[]): string[] {
  const engine = readIfThere(join(runtime, 'engine.pid'));
  const wanted = new Set([Number(engine), ...live.map(({ State }) => State.Pid)].map(networkOf));
  const held = namesIn(`/proc/${engine}/fd`).map((fd) => linkAt(`/proc/${engine}/fd/${fd}`));
  return held.filter((target) => target.startsWith('net:') && !wanted.has(target)).map((one) => `namespace ${one}`);
}

const networkOf = (pid: number): string => linkAt(`/proc/${pid}/ns/net`);

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Temporary files of writers that are gone, and volumes without a record. */
function halfWritten(paths: EnginePaths, all: ReadonlySet<string>): string[] {
  const folders = [
    paths.networks,
    paths.volumes,
    paths.images,
    ...[...all].flatMap((id) => [join(paths.containers, id), join(paths.images, 'rootfs', id)]),
    ...namesIn(paths.volumes).map((name) => join(paths.volumes, name)),
  ];
  const temporary = folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith('.tmp'))
      .map((name) => `file ${join(folder, name)}`),
  );
  const volumes = namesIn(paths.volumes).filter((name) => !existsSync(join(paths.volumes, name, 'volume.json')));
  return [...temporary, ...volumes.map((name) => `volume ${name}`)];
}
