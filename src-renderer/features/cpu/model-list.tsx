import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useId, useMemo, useState } from 'react';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import {
  type Fit,
  filterPicks,
  fitText,
  levelName,
  noFilter,
  type Pick,
  type PickFilter,
  pickedOf,
  vendorName,
  vendors,
} from './cpu-model.ts';

export interface ModelListProps {
  picks: readonly Pick[];
  cpu: string;
  /** Whether this computer could be asked what it can run. */
  hostKnown: boolean;
  disabled: boolean;
  onPick(cpu: string): void;
}

const kinds = ['template', 'host', 'model'] as const;
const years = ['2019', '2015', '2010', '2005'];

/** Every CPU there is to pick, found by words, vendor, level, year and fit. */
export function ModelList({ picks, cpu, hostKnown, disabled, onPick }: ModelListProps) {
  const [filter, setFilter] = useState<PickFilter>(noFilter);
  const shown = useMemo(() => filterPicks(picks, filter), [picks, filter]);
  const picked = pickedOf(cpu, picks);
  const group = useId();
  return (
    <section className={classes.models} aria-label={en.cpu.picker.label}>
      <Filters filter={filter} hostKnown={hostKnown} onChange={setFilter} />
      <div className={classes.modelRows}>
        {kinds.map((kind) => {
          const rows = shown.filter((pick) => pick.kind === kind);
          if (rows.length === 0) return null;
          return (
            <fieldset key={kind} className={classes.modelGroup}>
              <legend>{en.cpu.picker[kind]}</legend>
              {rows.map((pick) => (
                <ModelRow
                  key={`${kind}:${pick.name}`}
                  pick={pick}
                  group={group}
                  checked={pick === picked}
                  disabled={disabled}
                  onPick={onPick}
                />
              ))}
            </fieldset>
          );
        })}
        {shown.length === 0 && (
          <div className={classes.nothing}>
            <p>{en.cpu.picker.none}</p>
            <Button size="xs" variant="default" onClick={() => setFilter(noFilter)}>
              {en.cpu.picker.clear}
            </Button>
          </div>
        )}
      </div>
    </section>
  );
}

interface FiltersProps {
  filter: PickFilter;
  hostKnown: boolean;
  onChange(filter: PickFilter): void;
}

function Filters({ filter, hostKnown, onChange }: FiltersProps) {
  const choice = (
    field: 'vendor' | 'level' | 'year',
    label: string,
    any: string,
    values: readonly [string, string][],
  ) => (
    <Select
      size="xs"
      aria-label={label}
      data={[{ value: '', label: any }, ...values.map(([value, label]) => ({ value, label }))]}
      value={filter[field]}
      allowDeselect={false}
      comboboxProps={{ transitionProps: { duration: 0 } }}
      onChange={(value) => onChange({ ...filter, [field]: value ?? '' })}
    />
  );
  const levels = (['v1', 'v2', 'v3', 'v4'] as const).map((level): [string, string] => [level, levelName(level)]);
  return (
    <div className={classes.filters}>
      <TextInput
        size="xs"
        aria-label={en.cpu.picker.search}
        placeholder={en.cpu.picker.search}
        leftSection={<IconSearch size={15} aria-hidden="true" />}
        value={filter.text}
        spellCheck={false}
        onChange={(event) => onChange({ ...filter, text: event.currentTarget.value })}
      />
      <div className={classes.choices}>
        {choice(
          'vendor',
          en.cpu.picker.vendor,
          en.cpu.picker.anyVendor,
          vendors.map((name) => [name, name]),
        )}
        {choice('level', en.cpu.picker.level, en.cpu.picker.anyLevel, levels)}
        {choice(
          'year',
          en.cpu.picker.year,
          en.cpu.picker.anyYear,
          years.map((year) => [year, en.cpu.picker.sinceYear(year)]),
        )}
      </div>
      <Checkbox
        size="xs"
        label={en.cpu.picker.fitsOnly}
        checked={filter.fitsOnly && hostKnown}
        disabled={!hostKnown}
        onChange={(event) => onChange({ ...filter, fitsOnly: event.currentTarget.checked })}
      />
    </div>
  );
}

interface ModelRowProps {
  pick: Pick;
  group: string;
  checked: boolean;
  disabled: boolean;
  onPick(cpu: string): void;
}

function ModelRow({ pick, group, checked, disabled, onPick }: ModelRowProps) {
  const { name, detail, vendor, year, level, fit } = pick;
  const facts = [vendorName(vendor), year === null ? '' : `${year}`, vendor === '' ? '' : levelName(level)];
  return (
    <label className={classes.model} data-checked={checked || undefined}>
      <input type="radio" name={group} checked={checked} disabled={disabled} onChange={() => onPick(pick.cpu)} />
      <span className={classes.modelHead}>
        <strong>{name}</strong>
        {fit.kind !== 'unknown' && <FitMark fit={fit} />}
      </span>
      <span className={classes.modelFacts}>{facts.filter(Boolean).join(' · ')}</span>
      {detail !== '' && <span className={classes.modelDetail}>{detail}</span>}
    </label>
  );
}

export function FitMark({ fit }: { fit: Fit }) {
  return (
    <span className={classes.fit} data-fit={fit.kind}>
      {fitText(fit)}
    </span>
  );
}
