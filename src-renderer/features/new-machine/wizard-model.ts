import type { HostOverview } from '../../../src-main/contract/host.ts';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { automaticChoice } from './accelerator-model.ts';
import type { FieldErrors, MachineForm } from './machine-form.ts';

export const wizardSteps = ['boot', 'hardware', 'review'] as const;
export type WizardStep = (typeof wizardSteps)[number];

const fieldsOf: Record<WizardStep, readonly (keyof MachineForm)[]> = {
  boot: ['name', 'kernel', 'initrd', 'commandLine'],
  hardware: ['memoryMiB', 'cpus', 'accelerator'],
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
  const guest = host?.guests.find(({ id }) => id === form.guest);
  const boot =
    form.bootKind === 'guest'
      ? [{ label: en.overview.guest, value: guest?.name ?? form.guest }]
      : [
          { label: en.fields.kernel, value: form.kernel },
          { label: en.fields.initrd, value: form.initrd || en.overview.none },
        ];
  const commandLine = form.commandLine.trim() === '' ? [] : [{ label: en.fields.commandLine, value: form.commandLine }];
  return [
    { label: en.wizard.name, value: form.name },
    ...boot,
    ...commandLine,
    { label: en.fields.memory, value: mebibytes(form.memoryMiB) },
    { label: en.fields.cpus, value: String(form.cpus) },
    { label: en.fields.accelerator, value: acceleratorLine(form, host) },
  ];
}

function acceleratorLine(form: MachineForm, host: HostOverview | undefined): string {
  const name = en.accelerator[form.accelerator];
  if (form.accelerator !== 'auto' || host === undefined) return name;
  const choice = automaticChoice(host.accelerators);
  return `${name} (${choice === undefined ? en.accelerator.picksNone : en.accelerator[choice]})`;
}
