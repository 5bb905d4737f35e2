import type { HostOverview } from '../../../src-main/contract/host.ts';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { isFlat } from '../cpu/topology-model.ts';
import { automaticChoice } from './accelerator-model.ts';
import { mediumOf } from './cd-model.ts';
import { channelLines } from './channel-model.ts';
import { diskLine } from './disk-model.ts';
import type { FieldErrors, MachineForm } from './machine-form.ts';
import { networkLine } from './network-model.ts';
import { shareLine } from './share-model.ts';

export const wizardSteps = ['boot', 'hardware', 'storage', 'review'] as const;
export type WizardStep = (typeof wizardSteps)[number];

const fieldsOf: Record<WizardStep, readonly (keyof MachineForm)[]> = {
  boot: ['name', 'kernel', 'initrd', 'commandLine'],
  hardware: ['memoryMiB', 'cpus', 'topology', 'cpu', 'cpuPolicy', 'pinning', 'accelerator'],
  storage: ['disks', 'cdrom', 'network', 'shares', 'channels', 'seed'],
  review: [],
};

/** The first step with a field in error; undefined when the machine can be created. */
export function firstBadStep(errors: FieldErrors): WizardStep | undefined {
  return wizardSteps.find((step) => fieldsOf[step].some((field) => errors[field] !== undefined));
}

export function stepIsGood(step: WizardStep, errors: FieldErrors): boolean {
  return fieldsOf[step].every((field) => errors[field] === undefined);
}

/** The step a field is on, to lead there when its value is refused. */
export function stepOf(field: keyof MachineForm): WizardStep {
  return wizardSteps.find((step) => fieldsOf[step].includes(field)) ?? 'boot';
}

/** What will be created, line by line. */
export function reviewLines(form: MachineForm, host: HostOverview | undefined): { label: string; value: string }[] {
  return [
    { label: en.wizard.name, value: form.name },
    ...bootLines(form, host),
    { label: en.fields.memory, value: mebibytes(form.memoryMiB) },
    { label: en.fields.cpus, value: processorsLine(form) },
    ...(form.cpu === '' ? [] : [{ label: en.cpu.cpuModel, value: form.cpu }]),
    { label: en.fields.accelerator, value: acceleratorLine(form, host) },
    ...form.disks.map((disk, index) => ({ label: en.disks.numbered(index), value: diskLine(disk, index) })),
    ...(form.disks.length === 0 ? [{ label: en.disks.title, value: en.overview.none }] : []),
    ...(form.cdrom === '' ? [] : [{ label: en.disks.drive, value: mediumOf(form.cdrom) || en.disks.noMedium }]),
    { label: en.network.title, value: networkLine(form.network) },
    ...form.shares.map((share) => ({ label: en.shares.title, value: shareLine(share) })),
    ...channelLines(form.channels),
    ...(form.seed.kind === 'none' ? [] : [{ label: en.seed.title, value: seedLine(form.seed) }]),
  ];
}

function bootLines(form: MachineForm, host: HostOverview | undefined): { label: string; value: string }[] {
  const commandLine = form.commandLine.trim() === '' ? [] : [{ label: en.fields.commandLine, value: form.commandLine }];
  switch (form.bootKind) {
    case 'firmware':
      return [{ label: en.fields.bootSource, value: en.fields.firmware }];
    case 'guest': {
      const guest = host?.guests.find(({ id }) => id === form.guest);
      return [{ label: en.overview.guest, value: guest?.name ?? form.guest }, ...commandLine];
    }
    case 'kernel':
      return [
        { label: en.fields.kernel, value: form.kernel },
        { label: en.fields.initrd, value: form.initrd || en.overview.none },
        ...commandLine,
      ];
  }
}

function seedLine({ kind, user, hostname }: MachineForm['seed']): string {
  if (kind === 'raw') return en.seed.kinds.raw;
  return [user || en.seed.standardUser, hostname].filter((text) => text !== '').join(', ');
}

/** How many processors, and how they are laid out where that is not plain. */
export function processorsLine({ cpus, topology }: Pick<MachineForm, 'cpus' | 'topology'>): string {
  if (isFlat(topology)) return String(cpus);
  return `${cpus}: ${en.cpu.topology.picture(topology.sockets, topology.cores, topology.threads)}`;
}

function acceleratorLine(form: MachineForm, host: HostOverview | undefined): string {
  const name = en.accelerator[form.accelerator];
  if (form.accelerator !== 'auto' || host === undefined) return name;
  const choice = automaticChoice(host.accelerators);
  return `${name} (${choice === undefined ? en.accelerator.picksNone : en.accelerator[choice]})`;
}
