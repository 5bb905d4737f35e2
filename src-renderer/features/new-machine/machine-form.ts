import type { Share, WantedDisk } from '../../../src-main/contract/hardware.ts';
import type { BuiltInGuest, HostOverview } from '../../../src-main/contract/host.ts';
import {
  type AcceleratorChoice,
  type BootSource,
  type CpuPolicy,
  type MachineDraft,
  type MachinePatch,
  type MachineSummary,
  machineName,
  minMemoryMiB,
  type Topology,
} from '../../../src-main/contract/machine.ts';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { flat, isFlat } from '../cpu/topology-model.ts';
import { type CdForm, mediumOf } from './cd-model.ts';
import { type ChannelForm, channelDraftOf, channelsError, channelsOf, noChannels } from './channel-model.ts';
import { emptyNetwork, type NetworkForm, networkError, networkOf, networksOf } from './network-model.ts';
import { cloudInitOf, emptySeed, type SeedForm, seedErrors, seedOf } from './seed-model.ts';
import { sharesError } from './share-model.ts';

export type FirmwareBoot = Extract<BootSource, { kind: 'firmware' }>;

/** A machine as the wizard's and the settings' fields hold it: text as typed. */
export interface MachineForm {
  name: string;
  description: string;
  bootKind: BootSource['kind'];
  guest: string;
  kernel: string;
  initrd: string;
  commandLine: string;
  firmware: FirmwareBoot;
  disks: readonly WantedDisk[];
  cdrom: CdForm;
  seed: SeedForm;
  network: NetworkForm;
  shares: readonly Share[];
  channels: ChannelForm;
  memoryMiB: number;
  /** Undefined where nobody has decided: then other devices do. */
  balloon: boolean | undefined;
  cpus: number;
  topology: Topology;
  /** Empty for all the host can give. */
  cpu: string;
  cpuPolicy: CpuPolicy;
  pinning: string;
  accelerator: AcceleratorChoice;
}

export type FieldErrors = Partial<Record<keyof MachineForm, string>>;

/** What the fields are checked against. */
export interface Surroundings {
  /** Names other machines have. */
  takenNames: readonly string[];
  hostMemoryMiB: number;
  guests: readonly BuiltInGuest[];
}

export function surroundingsOf(
  host: HostOverview | undefined,
  machines: readonly MachineSummary[],
  exceptId?: string,
): Surroundings {
  return {
    takenNames: machines.filter(({ id }) => id !== exceptId).map(({ name }) => name),
    hostMemoryMiB: host?.memoryMiB ?? Number.POSITIVE_INFINITY,
    guests: host?.guests ?? [],
  };
}

const ownKernelMemoryMiB = 512;
/** What installed distributions are comfortable with. */
const firmwareMemoryMiB = 1024;
const bios: FirmwareBoot = { kind: 'firmware', firmware: 'bios' };

export function newForm(guests: readonly BuiltInGuest[], takenNames: readonly string[]): MachineForm {
  const guest = guests[0];
  return {
    name: freeName(guest?.name ?? 'Machine', takenNames),
    description: '',
    bootKind: guest === undefined ? 'kernel' : 'guest',
    guest: guest?.id ?? '',
    kernel: '',
    initrd: '',
    commandLine: '',
    firmware: bios,
    disks: [],
    cdrom: '',
    seed: emptySeed,
    network: emptyNetwork,
    shares: [],
    channels: noChannels,
    memoryMiB: guest?.recommendedMemoryMiB ?? ownKernelMemoryMiB,
    balloon: true,
    cpus: 1,
    topology: flat(1),
    cpu: '',
    cpuPolicy: 'warn',
    pinning: '',
    accelerator: 'auto',
  };
}

/** `wanted`, or `wanted 2`, `wanted 3`… so that no two machines share a name. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const keys = new Set(taken.map(nameKey));
  if (!keys.has(nameKey(wanted))) return wanted;
  let number = 2;
  while (keys.has(nameKey(`${wanted} ${number}`))) number += 1;
  return `${wanted} ${number}`;
}

function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** Switching the boot source brings that source's memory and command line along, unless they were set by hand. */
export function withBootKind(form: MachineForm, bootKind: MachineForm['bootKind'], guests: readonly BuiltInGuest[]) {
  const recommended = guests.find(({ id }) => id === form.guest)?.recommendedMemoryMiB ?? ownKernelMemoryMiB;
  const liked = { guest: recommended, kernel: ownKernelMemoryMiB, firmware: firmwareMemoryMiB };
  const ownCommandLine = 'console=ttyS0';
  return {
    ...form,
    bootKind,
    memoryMiB: form.memoryMiB === liked[form.bootKind] ? liked[bootKind] : form.memoryMiB,
    commandLine:
      bootKind === 'kernel' ? form.commandLine || ownCommandLine : form.commandLine.replace(ownCommandLine, ''),
  };
}

export function formErrors(form: MachineForm, around: Surroundings): FieldErrors {
  const errors: FieldErrors = {};
  const name = machineName.safeParse(form.name);
  if (!name.success) errors.name = name.error.issues[0]?.message ?? '';
  else if (around.takenNames.some((taken) => nameKey(taken) === nameKey(form.name))) errors.name = en.fields.nameTaken;
  const memory = memoryError(form, around);
  if (memory !== undefined) errors.memoryMiB = memory;
  if (!(form.cpus >= 1)) errors.cpus = en.fields.cpusTooMany;
  else if (form.cpus > 64) errors.cpus = en.cpu.topology.tooMany(form.cpus);
  else if (form.accelerator === 'translated' && form.cpus > 1) errors.cpus = en.cpu.topology.oneOnly;
  if (form.bootKind === 'kernel') {
    if (form.kernel === '') errors.kernel = en.fields.kernelMissing;
    else if (!form.kernel.startsWith('/')) errors.kernel = en.fields.pathNotFull;
    if (form.initrd !== '' && !form.initrd.startsWith('/')) errors.initrd = en.fields.pathNotFull;
  }
  if (form.bootKind === 'firmware' && form.disks.length === 0 && form.cdrom === '')
    errors.disks = en.disks.nothingToBoot;
  if (!/^(\/|$)/.test(mediumOf(form.cdrom))) errors.cdrom = en.fields.pathNotFull;
  const network = networkError(form.network);
  if (network !== undefined) errors.network = network;
  const shares = sharesError(form.shares);
  if (shares !== undefined) errors.shares = shares;
  const channels = channelsError(form.channels);
  if (channels !== undefined) errors.channels = channels;
  if (Object.keys(seedErrors(form.seed)).length > 0) errors.seed = en.seed.wrong;
  return errors;
}

function memoryError(form: MachineForm, around: Surroundings): string | undefined {
  const guest = form.bootKind === 'guest' ? around.guests.find(({ id }) => id === form.guest) : undefined;
  const least = Math.max(minMemoryMiB, guest?.minMemoryMiB ?? 0);
  if (!Number.isInteger(form.memoryMiB) || form.memoryMiB < least) {
    return en.fields.memoryTooLittle(mebibytes(least));
  }
  if (form.memoryMiB > around.hostMemoryMiB) return en.fields.memoryTooMuch(mebibytes(around.hostMemoryMiB));
  return undefined;
}

export function draftOf(form: MachineForm): MachineDraft {
  return {
    name: form.name,
    ...(form.description === '' ? {} : { description: form.description }),
    accelerator: form.accelerator,
    cpus: form.cpus,
    ...(isFlat(form.topology) ? {} : { topology: form.topology }),
    ...(form.cpu === '' ? {} : { cpu: form.cpu }),
    ...(form.cpuPolicy === 'warn' ? {} : { cpuPolicy: form.cpuPolicy }),
    ...(form.pinning.trim() === '' ? {} : { pinning: form.pinning.trim() }),
    memoryMiB: form.memoryMiB,
    ...(form.balloon === undefined ? {} : { balloon: form.balloon }),
    boot: bootOf(form),
    disks: [...form.disks],
    networks: networksOf(form.network),
    shares: [...form.shares],
    ...channelDraftOf(form.channels),
    ...(form.cdrom === '' ? {} : { cdrom: form.cdrom }),
    ...(form.seed.kind === 'none' ? {} : { cloudInit: cloudInitOf(form.seed) }),
  };
}

/** The whole form as a change: what it leaves to the defaults is taken away. */
export function patchOf(form: MachineForm): MachinePatch {
  const processor = { topology: null, cpu: null, cpuPolicy: null, pinning: null };
  const devices = { cdrom: null, cloudInit: null, consolePorts: null, vsock: null };
  return { ...processor, ...devices, ...draftOf(form), description: form.description };
}

function bootOf(form: MachineForm): BootSource {
  if (form.bootKind === 'firmware') return form.firmware;
  const commandLine = form.commandLine.trim() === '' ? {} : { commandLine: form.commandLine.trim() };
  if (form.bootKind === 'guest') return { kind: 'guest', guest: form.guest, ...commandLine };
  const initrd = form.initrd === '' ? {} : { initrd: form.initrd };
  return { kind: 'kernel', kernel: form.kernel, ...initrd, ...commandLine };
}

export function formOf(draft: MachineDraft): MachineForm {
  const { boot } = draft;
  return {
    name: draft.name,
    description: draft.description ?? '',
    bootKind: boot.kind,
    guest: boot.kind === 'guest' ? boot.guest : 'tiny-linux',
    kernel: boot.kind === 'kernel' ? boot.kernel : '',
    initrd: boot.kind === 'kernel' ? (boot.initrd ?? '') : '',
    commandLine: boot.kind === 'firmware' ? '' : (boot.commandLine ?? ''),
    firmware: boot.kind === 'firmware' ? boot : bios,
    disks: draft.disks ?? [],
    cdrom: draft.cdrom ?? '',
    seed: seedOf(draft.cloudInit),
    network: networkOf(draft.networks),
    shares: draft.shares ?? [],
    channels: channelsOf(draft),
    memoryMiB: draft.memoryMiB,
    balloon: draft.balloon,
    cpus: draft.cpus,
    topology: draft.topology ?? flat(draft.cpus),
    cpu: draft.cpu ?? '',
    cpuPolicy: draft.cpuPolicy ?? 'warn',
    pinning: draft.pinning ?? '',
    accelerator: draft.accelerator,
  };
}

/** The sizes the memory slider stops at: each doubling and its half-way, up to what the host has. */
export function memoryStops(hostMemoryMiB: number): number[] {
  const stops: number[] = [];
  for (let size = minMemoryMiB; size <= hostMemoryMiB; size *= 2) {
    stops.push(size);
    if (size >= 128 && size * 1.5 <= hostMemoryMiB) stops.push(size * 1.5);
  }
  return stops;
}

/** The stop nearest to a size typed in. */
export function nearestStop(stops: readonly number[], memoryMiB: number): number {
  let nearest = 0;
  stops.forEach((stop, index) => {
    if (Math.abs(stop - memoryMiB) < Math.abs((stops[nearest] ?? 0) - memoryMiB)) nearest = index;
  });
  return nearest;
}

/** Which field a refused creation or change is about, by the failure's code; undefined for none in particular. */
export function fieldOfFailure(
  code: string,
  facts: Record<string, unknown> | undefined,
): keyof MachineForm | undefined {
  const byCode: Record<string, keyof MachineForm> = {
    'bad-name': 'name',
    'name-taken': 'name',
    'bad-memory': 'memoryMiB',
    'not-an-iso': 'cdrom',
    'not-a-disk': 'disks',
    'disk-too-large': 'disks',
    'not-user-data': 'seed',
    'bad-network': 'network',
    'bad-share': 'shares',
    'memory-exceeds-host': 'memoryMiB',
    'bad-cpus': 'cpus',
    'too-many-cpus': 'cpus',
    'bad-topology': 'cpus',
    'bad-pinning': 'pinning',
    'no-such-host-cpu': 'pinning',
  };
  const byPath: Record<string, keyof MachineForm> = { 'boot.kernel': 'kernel', 'boot.initrd': 'initrd', name: 'name' };
  return byCode[code] ?? (typeof facts?.field === 'string' ? byPath[facts.field] : undefined);
}
