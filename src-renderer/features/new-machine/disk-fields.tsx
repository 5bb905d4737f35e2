import { ActionIcon, Button, Checkbox, Group, NumberInput, Select, Tooltip } from '@mantine/core';
import { IconArrowUp, IconDisc, IconFilePlus, IconPlus, IconServer2, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DiskFacts, NewDisk, WantedDisk } from '../../../src-main/contract/hardware.ts';
import { confirm, type Question } from '../../actions/confirm.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { diskQuery } from '../../api/queries.ts';
import { en } from '../../locales/en.ts';
import { CdFields, type CdFieldsProps } from './cd-fields.tsx';
import classes from './disk-fields.module.css';
import { diskRow, isNew, mostDisks, movedUp, newDiskOf, sizeError, withFile, withReadOnly } from './disk-model.ts';

/** A machine's disks and its CD drive. */
export function DiskFields({ form, errors, disabled = false, running = false, onChange }: CdFieldsProps) {
  const { disks } = form;
  const change = (next: WantedDisk[]): void => onChange({ ...form, disks: next });
  return (
    <div className={classes.stack}>
      {disks.length === 0 ? (
        <p className={classes.empty}>
          <IconServer2 size={22} stroke={1.5} aria-hidden="true" />
          <span>{en.disks.empty}</span>
        </p>
      ) : (
        <ul className={classes.rows} aria-label={en.disks.title}>
          {disks.map((disk, index) => (
            <DiskItem
              key={diskRow(disk, index, undefined).key}
              disk={disk}
              index={index}
              disabled={disabled}
              onReadOnly={(readOnly) => change(withReadOnly(disks, index, readOnly))}
              onUp={() => change(movedUp(disks, index))}
              onRemove={() => change(disks.filter((_, at) => at !== index))}
            />
          ))}
        </ul>
      )}
      {errors.disks !== undefined && (
        <p className={classes.error} role="alert">
          {errors.disks}
        </p>
      )}
      {!disabled && disks.length < mostDisks && <AddDisk disks={disks} onChange={change} />}
      <CdFields form={form} errors={errors} disabled={disabled} running={running} onChange={onChange} />
    </div>
  );
}

interface ItemProps {
  disk: WantedDisk;
  index: number;
  disabled: boolean;
  onReadOnly(readOnly: boolean): void;
  onUp(): void;
  onRemove(): void;
}

function DiskItem({ disk, index, disabled, onReadOnly, onUp, onRemove }: ItemProps) {
  const file = isNew(disk) ? undefined : disk;
  const found = useQuery(diskQuery(file?.path, file?.readOnly ?? false));
  const { name, folder, facts } = diskRow(disk, index, found.data);
  return (
    <li className={classes.row}>
      {file?.readOnly ? <IconDisc size={20} stroke={1.5} /> : <IconServer2 size={20} stroke={1.5} />}
      <div className={classes.words}>
        <strong>{name}</strong>
        <span>
          {en.disks.guestName(index)} · {facts}
          {folder !== '' && ` · ${folder}`}
        </span>
        {found.isError && <em>{failureOf(found.error).message}</em>}
      </div>
      {file !== undefined && (
        <Checkbox
          label={en.disks.readOnly}
          aria-label={`${en.disks.readOnly}: ${name}`}
          checked={file.readOnly ?? false}
          disabled={disabled}
          onChange={(event) => onReadOnly(event.currentTarget.checked)}
        />
      )}
      <Group gap={2} wrap="nowrap">
        {index > 0 && (
          <Tooltip label={en.disks.up}>
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={disabled}
              aria-label={`${en.disks.up}: ${name}`}
              onClick={onUp}
            >
              <IconArrowUp size={17} />
            </ActionIcon>
          </Tooltip>
        )}
        <Tooltip label={isNew(disk) ? en.disks.forget : en.disks.remove}>
          <ActionIcon
            variant="subtle"
            color="gray"
            disabled={disabled}
            aria-label={`${en.disks.remove}: ${name}`}
            onClick={onRemove}
          >
            <IconX size={17} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </li>
  );
}

function backingQuestion(path: string, { backing }: DiskFacts): Question {
  return {
    title: en.disks.backingTitle(path.slice(path.lastIndexOf('/') + 1)),
    text: en.disks.backingText,
    items: backing.map((file) => `${file.path} (${file.format})`),
    note: en.disks.backingNote,
    confirmLabel: en.disks.backingDo,
  };
}

interface AddProps {
  disks: readonly WantedDisk[];
  onChange(disks: WantedDisk[]): void;
}

function AddDisk({ disks, onChange }: AddProps) {
  const [making, setMaking] = useState(false);
  const [refused, setRefused] = useState<string | undefined>(undefined);
  const addFile = async (): Promise<void> => {
    setRefused(undefined);
    const path = await call('dialog.pickFile', { purpose: 'disk' });
    if (path === null) return;
    try {
      const facts: DiskFacts = await call('disk.describe', { path, readOnly: false });
      const next = withFile(disks, path, facts);
      if (facts.backing.length > 0 && !(await confirm(backingQuestion(path, facts)))) return;
      if (next === undefined) setRefused(en.disks.already);
      else onChange(next);
    } catch (error) {
      setRefused(failureOf(error).message);
    }
  };
  return (
    <div>
      {making ? (
        <MakeDisk
          onMake={(disk) => {
            setMaking(false);
            onChange([...disks, disk]);
          }}
          onLeave={() => setMaking(false)}
        />
      ) : (
        <Group gap={8}>
          <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
            {en.disks.add}
          </Button>
          <Button variant="default" leftSection={<IconFilePlus size={16} />} onClick={() => void addFile()}>
            {en.disks.addFile}
          </Button>
        </Group>
      )}
      {refused !== undefined && (
        <p className={classes.error} role="alert">
          {refused}
        </p>
      )}
    </div>
  );
}

interface MakeProps {
  onMake(disk: NewDisk): void;
  onLeave(): void;
}

/** The size and kind of a disk to be made. Not a form of its own: it is within one. */
function MakeDisk({ onMake, onLeave }: MakeProps) {
  const [size, setSize] = useState<number | string>(20);
  const [format, setFormat] = useState<NewDisk['format']>('qcow2');
  const error = sizeError(Number(size));
  const make = (): void => {
    if (error === undefined) onMake(newDiskOf(Number(size), format));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter and Escape do what the two buttons do
    <div
      className={classes.make}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onLeave();
        if (event.key !== 'Enter' || (event.target as HTMLElement).tagName !== 'INPUT') return;
        event.preventDefault();
        make();
      }}
    >
      <NumberInput
        label={en.disks.size}
        suffix=" GiB"
        value={size}
        error={error}
        allowNegative={false}
        decimalScale={3}
        data-autofocus
        autoFocus
        onChange={setSize}
      />
      <Select
        label={en.disks.format}
        value={format}
        allowDeselect={false}
        data={[
          { value: 'qcow2', label: en.disks.formats.qcow2 },
          { value: 'raw', label: en.disks.formats.raw },
        ]}
        onChange={(value) => setFormat((value ?? 'qcow2') as NewDisk['format'])}
      />
      <Group gap={8} className={classes.makeButtons ?? ''}>
        <Button disabled={error !== undefined} onClick={make}>
          {en.disks.make}
        </Button>
        <Button variant="default" onClick={onLeave}>
          {en.disks.leave}
        </Button>
      </Group>
      <p className={classes.note}>{en.disks.makeNote}</p>
    </div>
  );
}
