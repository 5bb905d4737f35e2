import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { sweepLeftovers, syncFolder, writeFailure, writeFileAtomically } from '../../inventory/atomic-file.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';
import { newId, requireName } from '../lifecycle/names.ts';

const volumeFile = z.object({
  version: z.literal(1),
  name: z.string(),
  createdAt: z.string(),
  labels: z.record(z.string(), z.string()),
  options: z.record(z.string(), z.string()),
  anonymous: z.boolean(),
});
type VolumeFile = z.infer<typeof volumeFile>;

const lineage: Lineage<VolumeFile> = { noun: 'volume', version: 1, schema: volumeFile, steps: {} };

export interface Volume extends Omit<VolumeFile, 'version'> {
  /** Where its files are on the host. */
  readonly mountpoint: string;
}

export interface VolumeRequest {
  /** Invented when empty: the volume is anonymous then. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

/** Folders that outlive containers, `<folder>/<name>/{volume.json,_data}`. A volume is there when its volume.json is. */
export class VolumeStore {
  private readonly volumes = new Map<string, Volume>();

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) this.read(name);
  }

  list(): Volume[] {
    return [...this.volumes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Volume | undefined {
    return this.volumes.get(name);
  }

  get(name: string): Volume {
    const volume = this.find(name);
    if (volume !== undefined) return volume;
    throw new Failure('not-found', 'no-such-volume', `get ${name}: no such volume`);
  }

  /** The volume of that name, made if there is none. */
  create({ name = '', labels = {}, options = {} }: VolumeRequest, now = new Date()): Volume {
    if (name !== '') requireName('volume', name);
    const there = this.find(name);
    if (there !== undefined) return there;
    const anonymous = name === '';
    const made: VolumeFile = {
      version: 1,
      name: anonymous ? newId() : name,
      createdAt: now.toISOString(),
      labels: { ...labels },
      options: { ...options },
      anonymous,
    };
    refuseOptions(made.options);
    const folder = join(this.folder, made.name);
    try {
      mkdirSync(join(folder, '_data'), { recursive: true, mode: 0o755 });
    } catch (error) {
      throw writeFailure(folder, error);
    }
    writeFileAtomically(join(folder, 'volume.json'), `${JSON.stringify(made, null, 2)}\n`);
    syncFolder(this.folder);
    return this.add(made);
  }

  /** Deletes it with all its files. That nobody uses it is the caller's to know. */
  remove(name: string): void {
    this.get(name);
    const folder = join(this.folder, name);
    // First the file that makes it a volume: a removal that is interrupted goes on at the next start.
    const going = join(this.folder, `.removed-${newId().slice(0, 12)}`);
    renameSync(folder, going);
    this.volumes.delete(name);
    rmSync(going, { recursive: true, force: true });
  }

  private read(name: string): void {
    const folder = join(this.folder, name);
    const path = join(folder, 'volume.json');
    if (name.startsWith('.removed-') || !existsSync(path)) {
      rmSync(folder, { recursive: true, force: true });
      return;
    }
    sweepLeftovers(folder);
    const read = readVersioned(readFileSync(path, 'utf8'), lineage);
    if ('value' in read && read.value.name === name) this.add(read.value);
  }

  private add({ version: _version, ...file }: VolumeFile): Volume {
    const volume = { ...file, mountpoint: join(this.folder, file.name, '_data') };
    this.volumes.set(volume.name, volume);
    return volume;
  }
}

function refuseOptions(options: Readonly<Record<string, string>>): void {
  const [name] = Object.keys(options);
  if (name === undefined) return;
  throw new Failure(
    'usage',
    'volume-options',
    `volume option "${name}": options of the local driver are not supported`,
    {
      hint: 'mount a folder of the host with -v /folder:/target instead',
    },
  );
}
