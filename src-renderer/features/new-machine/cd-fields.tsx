import { Button, Checkbox } from '@mantine/core';
import { en } from '../../locales/en.ts';
import { mediumOf, withDrive, withMedium } from './cd-model.ts';
import classes from './disk-fields.module.css';
import { FileField } from './file-field.tsx';
import type { FieldsProps } from './machine-fields.tsx';

export interface CdFieldsProps extends FieldsProps {
  /** While it runs, what is in the drive can be changed, and the drive cannot. */
  running?: boolean;
}

/** A machine's CD drive and what is in it. */
export function CdFields({ form, errors, disabled = false, running = false, onChange }: CdFieldsProps) {
  const { cdrom } = form;
  const medium = mediumOf(cdrom);
  const still = disabled && !running;
  const insert = (path: string): void => onChange({ ...form, cdrom: withMedium(cdrom, path) });
  return (
    <div className={classes.stack}>
      <FileField
        label={en.disks.cdrom}
        description={running ? en.disks.cdromRunning : en.disks.cdromHint}
        purpose="cdrom"
        value={medium}
        error={errors.cdrom}
        disabled={still}
        browse={medium === '' ? en.fields.browse : en.disks.change}
        onChange={insert}
      >
        <Button variant="default" disabled={still || medium === ''} onClick={() => insert('')}>
          {en.disks.eject}
        </Button>
      </FileField>
      <Checkbox
        label={en.disks.drive}
        description={en.disks.driveHint}
        checked={cdrom !== ''}
        disabled={disabled}
        onChange={(event) => onChange({ ...form, cdrom: withDrive(cdrom, event.currentTarget.checked) })}
      />
    </div>
  );
}
