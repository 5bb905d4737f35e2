import { Checkbox, NumberInput, Radio, Slider, Textarea } from '@mantine/core';
import { IconBolt, IconCpu2, IconFileCode, IconLanguage, IconRocket, IconServerCog } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { BuiltInGuest } from '../../../src-main/contract/host.ts';
import type { AcceleratorChoice } from '../../../src-main/contract/machine.ts';
import { hostOverviewQuery } from '../../api/queries.ts';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { acceleratorCards } from './accelerator-model.ts';
import { FileField } from './file-field.tsx';
import { FirmwareFields } from './firmware-fields.tsx';
import classes from './machine-fields.module.css';
import { type FieldErrors, type MachineForm, memoryStops, nearestStop, withBootKind } from './machine-form.ts';

export interface FieldsProps {
  form: MachineForm;
  errors: FieldErrors;
  disabled?: boolean;
  onChange(form: MachineForm): void;
}

export function BootFields({ form, errors, disabled = false, onChange }: FieldsProps) {
  const guests = useQuery(hostOverviewQuery).data?.guests ?? [];
  return (
    <>
      <Radio.Group
        label={en.fields.bootSource}
        value={form.bootKind}
        onChange={(kind) => onChange(withBootKind(form, kind as MachineForm['bootKind'], guests))}
      >
        <div className={classes.cards}>
          {guests.map((guest) => (
            <GuestCard key={guest.id} guest={guest} disabled={disabled} />
          ))}
          <Radio.Card value="kernel" className={classes.card ?? ''} disabled={disabled}>
            <IconFileCode size={24} stroke={1.5} aria-hidden="true" />
            <strong>{en.fields.ownKernel}</strong>
            <span>{en.fields.ownKernelText}</span>
          </Radio.Card>
          <Radio.Card value="firmware" className={classes.card ?? ''} disabled={disabled}>
            <IconServerCog size={24} stroke={1.5} aria-hidden="true" />
            <strong>{en.fields.firmware}</strong>
            <span>{en.fields.firmwareText}</span>
          </Radio.Card>
        </div>
      </Radio.Group>
      {form.bootKind === 'kernel' && (
        <KernelFields form={form} errors={errors} disabled={disabled} onChange={onChange} />
      )}
      {form.bootKind === 'firmware' ? (
        <FirmwareFields form={form} errors={errors} disabled={disabled} onChange={onChange} />
      ) : (
        <Textarea
          label={en.fields.commandLine}
          description={form.bootKind === 'kernel' ? en.fields.commandLineHint : undefined}
          placeholder={form.bootKind === 'guest' ? en.overview.standard : ''}
          value={form.commandLine}
          error={errors.commandLine}
          disabled={disabled}
          autosize
          minRows={1}
          maxRows={4}
          spellCheck={false}
          classNames={{ input: classes.mono ?? '' }}
          onChange={(event) => onChange({ ...form, commandLine: event.currentTarget.value.replaceAll('\n', ' ') })}
        />
      )}
    </>
  );
}

function GuestCard({ guest, disabled }: { guest: BuiltInGuest; disabled: boolean }) {
  return (
    <Radio.Card value="guest" className={classes.card ?? ''} disabled={disabled}>
      <IconRocket size={24} stroke={1.5} aria-hidden="true" />
      <strong>{guest.name}</strong>
      <span>{guest.description}</span>
      <em>{en.fields.builtIn}</em>
    </Radio.Card>
  );
}

function KernelFields({ form, errors, disabled = false, onChange }: FieldsProps) {
  return (
    <>
      <FileField
        label={en.fields.kernel}
        description={en.fields.kernelHint}
        purpose="kernel"
        value={form.kernel}
        error={errors.kernel}
        disabled={disabled}
        onChange={(kernel) => onChange({ ...form, kernel })}
      />
      <FileField
        label={en.fields.initrd}
        description={en.fields.initrdHint}
        purpose="initrd"
        value={form.initrd}
        error={errors.initrd}
        disabled={disabled}
        onChange={(initrd) => onChange({ ...form, initrd })}
      />
    </>
  );
}

export function MemoryField({ form, errors, disabled = false, onChange }: FieldsProps) {
  const host = useQuery(hostOverviewQuery).data;
  const stops = memoryStops(host?.memoryMiB ?? 4096);
  return (
    <div>
      <div className={classes.memory}>
        <NumberInput
          label={en.fields.memory}
          description={host === undefined ? ' ' : en.fields.memoryOf(mebibytes(host.memoryMiB))}
          suffix=" MiB"
          value={form.memoryMiB}
          error={errors.memoryMiB}
          disabled={disabled}
          allowDecimal={false}
          allowNegative={false}
          clampBehavior="none"
          step={64}
          onChange={(value) => onChange({ ...form, memoryMiB: Number(value) })}
        />
        <Slider
          className={classes.slider ?? ''}
          min={0}
          max={stops.length - 1}
          value={nearestStop(stops, form.memoryMiB)}
          label={(index) => mebibytes(stops[index] ?? 0)}
          marks={stops.flatMap((stop, value) => (Math.log2(stop) % 2 === 0 ? [{ value, label: mebibytes(stop) }] : []))}
          disabled={disabled}
          thumbLabel={en.fields.memoryMiB}
          onChange={(index) => onChange({ ...form, memoryMiB: stops[index] ?? form.memoryMiB })}
        />
      </div>
      <Checkbox
        className={classes.balloon ?? ''}
        label={en.fields.balloon}
        description={en.fields.balloonHint}
        checked={form.balloon ?? true}
        disabled={disabled}
        onChange={(event) => onChange({ ...form, balloon: event.currentTarget.checked })}
      />
    </div>
  );
}

const acceleratorIcons = { auto: IconCpu2, kvm: IconBolt, translated: IconLanguage };

export function AcceleratorField({ form, disabled = false, onChange }: FieldsProps) {
  const { data } = useQuery(hostOverviewQuery);
  return (
    <Radio.Group
      label={en.fields.accelerator}
      value={form.accelerator}
      onChange={(value) => onChange({ ...form, accelerator: value as AcceleratorChoice })}
    >
      <div className={classes.cards}>
        {acceleratorCards(data?.accelerators ?? []).map((card) => {
          const Icon = acceleratorIcons[card.value];
          const chosen = form.accelerator === card.value;
          return (
            <Radio.Card
              key={card.value}
              value={card.value}
              className={classes.card ?? ''}
              disabled={disabled || (!card.usable && !chosen)}
            >
              <Icon size={24} stroke={1.5} aria-hidden="true" />
              <strong>{card.title}</strong>
              <span>{card.text}</span>
              <em data-bad={!card.usable || undefined}>
                {card.verdict}
                {card.hint !== undefined && <i>{card.hint}</i>}
              </em>
            </Radio.Card>
          );
        })}
      </div>
    </Radio.Group>
  );
}
