import type { BuiltInGuest, HostOverview } from '../../../src-main/contract/host.ts';
import {
  type AcceleratorChoice,
  type BootSource,
  type MachineDraft,
  type MachineSummary,
  machineName,
  minMemoryMiB,
} from '../../../src-main/contract/machine.ts';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';

/** A machine as the wizard's and the settings' fields hold it: text as typed. */
export interface MachineForm {
  name: string;
  description: string;
  bootKind: 'guest' | 'kernel';
  guest: string;
  kernel: string;
  initrd: string;
  commandLine: string;
  memoryMiB: number;
  cpus: number;
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
    memoryMiB: guest?.recommendedMemoryMiB ?? ownKernelMemoryMiB,
    cpus: 1,
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
  const [from, to] = bootKind === 'kernel' ? [recommended, ownKernelMemoryMiB] : [ownKernelMemoryMiB, recommended];
  const ownCommandLine = 'console=ttyS0';
  return {
    ...form,
    bootKind,
    memoryMiB: form.memoryMiB === from ? to : form.memoryMiB,
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
  if (!(form.cpus >= 1 && form.cpus <= 64)) errors.cpus = en.fields.cpusTooMany;
  if (form.bootKind === 'kernel') {
    if (form.kernel === '') errors.kernel = en.fields.kernelMissing;
    else if (!form.kernel.startsWith('/')) errors.kernel = en.fields.pathNotFull;
    if (form.initrd !== '' && !form.initrd.startsWith('/')) errors.initrd = en.fields.pathNotFull;
  }
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
    memoryMiB: form.memoryMiB,
    boot: bootOf(form),
  };
}

function bootOf(form: MachineForm): BootSource {
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
    commandLine: boot.commandLine ?? '',
    memoryMiB: draft.memoryMiB,
    cpus: draft.cpus,
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
    'memory-exceeds-host': 'memoryMiB',
    'bad-cpus': 'cpus',
    'too-many-cpus': 'cpus',
  };
  const byPath: Record<string, keyof MachineForm> = { 'boot.kernel': 'kernel', 'boot.initrd': 'initrd', name: 'name' };
  return byCode[code] ?? (typeof facts?.field === 'string' ? byPath[facts.field] : undefined);
}
