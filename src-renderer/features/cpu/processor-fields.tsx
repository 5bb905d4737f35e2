import { Button, Input, Modal, SegmentedControl, Text, TextInput } from '@mantine/core';
import { IconCpu2, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { CpuPolicy } from '../../../src-main/contract/machine.ts';
import { cpuCatalogueQuery, cpuTemplatesQuery } from '../../api/cpu-queries.ts';
import { hostOverviewQuery } from '../../api/queries.ts';
import { en } from '../../locales/en.ts';
import { automaticChoice } from '../new-machine/accelerator-model.ts';
import type { FieldErrors, MachineForm } from '../new-machine/machine-form.ts';
import classes from './cpu.module.css';
import { levelName, pickedOf, picksOf, vendorName } from './cpu-model.ts';
import { automatic, readCpuText } from './cpu-text.ts';
import { CpuWorkbench } from './cpu-workbench.tsx';
import { FitMark } from './model-list.tsx';
import { TopologyEditor } from './topology-editor.tsx';
import { processorsOf } from './topology-model.ts';

export interface ProcessorFieldsProps {
  form: MachineForm;
  errors: FieldErrors;
  disabled?: boolean;
  onChange(form: MachineForm): void;
}

/** A machine's processors: how many, of what model, and what becomes of features this computer lacks. */
export function ProcessorFields({ form, errors, disabled = false, onChange }: ProcessorFieldsProps) {
  const host = useQuery(hostOverviewQuery).data;
  const accelerator = form.accelerator === 'auto' ? automaticChoice(host?.accelerators ?? []) : form.accelerator;
  return (
    <div className={classes.processors}>
      <TopologyEditor
        topology={form.topology}
        error={errors.cpus}
        disabled={disabled}
        onChange={(topology) => onChange({ ...form, topology, cpus: processorsOf(topology) })}
      />
      {accelerator === 'translated' && (
        <p className={classes.note}>
          <IconInfoCircle size={17} aria-hidden="true" />
          <span>{en.cpu.translated}</span>
        </p>
      )}
      <ModelField cpu={form.cpu} disabled={disabled} onChange={(cpu) => onChange({ ...form, cpu })} />
      <PolicyField
        policy={form.cpuPolicy}
        disabled={disabled}
        onChange={(cpuPolicy) => onChange({ ...form, cpuPolicy })}
      />
      <TextInput
        label={en.cpu.pinning.label}
        description={en.cpu.pinning.hint((host?.cpus ?? 1) - 1)}
        placeholder="0:0"
        value={form.pinning}
        error={errors.pinning}
        disabled={disabled}
        spellCheck={false}
        className={classes.pinning ?? ''}
        onChange={(event) => onChange({ ...form, pinning: event.currentTarget.value })}
      />
    </div>
  );
}

interface ModelFieldProps {
  /** Empty for what is chosen automatically. */
  cpu: string;
  disabled: boolean;
  onChange(cpu: string): void;
}

function ModelField({ cpu, disabled, onChange }: ModelFieldProps) {
  const [open, setOpen] = useState(false);
  const label = useId();
  const catalogue = useQuery(cpuCatalogueQuery).data;
  const templates = useQuery(cpuTemplatesQuery).data ?? [];
  const full = cpu === '' ? automatic : cpu;
  const picked = catalogue === undefined ? undefined : pickedOf(full, picksOf(catalogue, templates));
  const { model, flags, mitigations } = readCpuText(full);
  const facts =
    picked === undefined || picked.vendor === ''
      ? []
      : [vendorName(picked.vendor), picked.year, levelName(picked.level)];
  const changes = [
    ...[...flags].map(([name, on]) => `${on ? '+' : '−'}${name}`),
    ...(mitigations ? [en.cpu.sheet.mitigations] : []),
  ];
  return (
    <section className={classes.chosen} aria-labelledby={label}>
      <IconCpu2 size={30} stroke={1.4} aria-hidden="true" />
      <div>
        <span id={label} className={classes.chosenLabel}>
          {en.cpu.cpuModel}
        </span>
        <strong className="selectable">
          {cpu === '' ? en.cpu.automatic : picked?.kind === 'template' ? picked.name : model}
        </strong>
        <span className={classes.modelFacts}>{facts.filter((fact) => fact !== null && fact !== '').join(' · ')}</span>
        {changes.length > 0 && <span className={classes.flags}>{changes.join('  ')}</span>}
      </div>
      {picked !== undefined && picked.fit.kind !== 'unknown' && <FitMark fit={picked.fit} />}
      <Button variant="default" onClick={() => setOpen(true)} aria-label={`${en.cpu.choose} ${en.cpu.cpuModel}`}>
        {en.cpu.choose}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        size="min(1240px, 94vw)"
        padding={0}
        title={<Text fw={650}>{en.cpu.chooseTitle}</Text>}
        closeButtonProps={{ 'aria-label': en.cpu.done }}
        transitionProps={{ duration: 0 }}
        classNames={{ header: classes.modalHead ?? '', body: classes.modalBody ?? '' }}
      >
        <CpuWorkbench cpu={full} disabled={disabled} onChange={(next) => onChange(next === automatic ? '' : next)}>
          <Button size="xs" data-autofocus onClick={() => setOpen(false)}>
            {en.cpu.done}
          </Button>
        </CpuWorkbench>
      </Modal>
    </section>
  );
}

interface PolicyFieldProps {
  policy: CpuPolicy;
  disabled: boolean;
  onChange(policy: CpuPolicy): void;
}

function PolicyField({ policy, disabled, onChange }: PolicyFieldProps) {
  const label = useId();
  const words = en.cpu.policy;
  return (
    <div>
      <Input.Label id={label} labelElement="div" mb={5}>
        {words.label}
      </Input.Label>
      <div className={classes.policy}>
        <SegmentedControl
          size="sm"
          aria-labelledby={label}
          value={policy}
          disabled={disabled}
          data={(['warn', 'enforce'] as const).map((value) => ({ value, label: words[value] }))}
          onChange={(value) => onChange(value as CpuPolicy)}
        />
        <span>{policy === 'warn' ? words.warnText : words.enforceText}</span>
      </div>
    </div>
  );
}
