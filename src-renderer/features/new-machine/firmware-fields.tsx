import { Checkbox, Select } from '@mantine/core';
import { en } from '../../locales/en.ts';
import classes from './machine-fields.module.css';
import type { FieldsProps } from './machine-fields.tsx';
import type { FirmwareBoot } from './machine-form.ts';

type Order = keyof typeof en.fields.bootOrders;

/** What the firmware tries first, and whether it asks. */
export function FirmwareFields({ form, disabled = false, onChange }: FieldsProps) {
  const { firmware } = form;
  const change = (part: Partial<FirmwareBoot>): void => onChange({ ...form, firmware: { ...firmware, ...part } });
  const reorder = (order: Order): void => {
    const { order: _old, ...rest } = firmware;
    onChange({ ...form, firmware: order === 'disk' ? rest : { ...rest, order: ['cdrom', 'disk'] } });
  };
  return (
    <div className={classes.pair}>
      <Select
        label={en.fields.bootOrder}
        description={en.fields.bootOrderHint}
        value={firmware.order?.[0] === 'cdrom' ? 'cdrom' : 'disk'}
        allowDeselect={false}
        disabled={disabled}
        data={Object.entries(en.fields.bootOrders).map(([value, label]) => ({ value, label }))}
        onChange={(value) => reorder((value ?? 'disk') as Order)}
      />
      <Checkbox
        className={classes.besideField ?? ''}
        label={en.fields.bootMenu}
        description={en.fields.bootMenuHint}
        checked={firmware.menu ?? false}
        disabled={disabled}
        onChange={(event) => change({ menu: event.currentTarget.checked })}
      />
    </div>
  );
}
