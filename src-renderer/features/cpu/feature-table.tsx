import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconCheck, IconChevronRight, IconMinus, IconQuestionMark, IconSearch } from '@tabler/icons-react';
import { memo, useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import type { CpuChange, CpuFeature, CpuGroup } from '../../../src-main/contract/cpu.ts';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import { consequences, differs, filterGroups, opensAtFirst, type Show } from './cpu-model.ts';

export interface FeatureTableProps {
  groups: readonly CpuGroup[];
  changes: readonly CpuChange[];
  disabled: boolean;
  onToggle(feature: CpuFeature, on: boolean): void;
}

const words = en.cpu.features;

/** What the CPU wants, this computer has and the guest gets, one feature a row, by the register that tells of it. */
export function FeatureTable({ groups, changes, disabled, onToggle }: FeatureTableProps) {
  const [text, setText] = useState('');
  const [show, setShow] = useState<Show>('all');
  const [turned, setTurned] = useState<ReadonlyMap<string, boolean>>(new Map());
  const search = useDeferredValue(text);
  const shown = useMemo(() => filterGroups(groups, search, show), [groups, search, show]);
  const narrowed = search.trim() !== '' || show === 'different';
  const toggle = useStable(onToggle);
  const turn = useCallback((place: string, open: boolean) => setTurned((old) => new Map(old).set(place, open)), []);
  const turnAll = (open: boolean): void => setTurned(new Map(groups.map(({ place }) => [place, open])));
  return (
    <div className={classes.features}>
      <div className={classes.toolbar}>
        <TextInput
          size="xs"
          className={classes.featureSearch ?? ''}
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<IconSearch size={15} aria-hidden="true" />}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          aria-label={words.show}
          value={show}
          data={(['all', 'wanted', 'different'] as const).map((value) => ({ value, label: words[value] }))}
          onChange={(value) => setShow(value as Show)}
        />
        <span className={classes.fill} />
        <Button size="compact-xs" variant="subtle" onClick={() => turnAll(true)}>
          {words.open}
        </Button>
        <Button size="compact-xs" variant="subtle" onClick={() => turnAll(false)}>
          {words.close}
        </Button>
      </div>
      {shown.length === 0 ? (
        <p className={classes.nothing}>{words.none}</p>
      ) : (
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{words.on}</th>
              <th scope="col">{words.feature}</th>
              <th scope="col" title={words.wantsHint}>
                {words.wants}
              </th>
              <th scope="col" title={words.hasHint}>
                {words.has}
              </th>
              <th scope="col" title={words.getsHint}>
                {words.gets}
              </th>
              <th scope="col">{words.where}</th>
            </tr>
          </thead>
          {shown.map((group) => (
            <Group
              key={group.place}
              group={group}
              changes={changes}
              open={narrowed || (turned.get(group.place) ?? opensAtFirst(group))}
              disabled={disabled}
              onTurn={turn}
              onToggle={toggle}
            />
          ))}
        </table>
      )}
    </div>
  );
}

/** A function of one identity that calls the latest one given, so that rows need not be drawn anew. */
function useStable<A extends unknown[]>(latest: (...args: A) => void): (...args: A) => void {
  const kept = useRef(latest);
  kept.current = latest;
  return useCallback((...args: A) => kept.current(...args), []);
}

interface GroupProps {
  group: CpuGroup;
  changes: readonly CpuChange[];
  open: boolean;
  disabled: boolean;
  onTurn(place: string, open: boolean): void;
  onToggle(feature: CpuFeature, on: boolean): void;
}

const Group = memo(function Group({ group, changes, open, disabled, onTurn, onToggle }: GroupProps) {
  const { place, title, features } = group;
  const wanted = features.filter(({ wants }) => wants).length;
  return (
    <tbody>
      <tr className={classes.groupRow}>
        <th colSpan={6} scope="rowgroup">
          <button type="button" aria-expanded={open} onClick={() => onTurn(place, !open)}>
            <IconChevronRight size={15} aria-hidden="true" />
            <span>{title}</span>
            <code>{place}</code>
            <em>{words.count(wanted, features.length)}</em>
          </button>
        </th>
      </tr>
      {open &&
        features.map((feature) => (
          <Row
            key={feature.name}
            feature={feature}
            change={changes.find((change) => change.feature === feature.name)}
            disabled={disabled}
            onToggle={onToggle}
          />
        ))}
    </tbody>
  );
});

interface RowProps {
  feature: CpuFeature;
  change: CpuChange | undefined;
  disabled: boolean;
  onToggle(feature: CpuFeature, on: boolean): void;
}

const Row = memo(function Row({ feature, change, disabled, onToggle }: RowProps) {
  const { name, explanation, wants, has, gets, bits, asked, why, source } = feature;
  const on = asked ?? wants;
  return (
    <tr
      className={classes.feature}
      data-changed={asked !== null || undefined}
      data-differs={differs(feature) || undefined}
    >
      <td>
        <input
          type="checkbox"
          className={classes.switch}
          aria-label={words.toggle(name)}
          checked={on}
          disabled={disabled}
          onChange={() => onToggle(feature, !on)}
        />
      </td>
      <th scope="row">
        <div className={classes.featureWords}>
          <code>{name}</code>
          <span>{explanation}</span>
          {change !== undefined && <strong className={classes.consequence}>{consequences(change).join(' ')}</strong>}
          {why !== null && <em>{why}</em>}
        </div>
      </th>
      <Mark value={wants} />
      <Mark value={has} />
      <Mark value={gets} />
      <td className={classes.bit} title={source}>
        {bits.join(', ')}
      </td>
    </tr>
  );
});

function Mark({ value }: { value: boolean | null }) {
  const [Icon, text] =
    value === null ? [IconQuestionMark, words.unknown] : value ? [IconCheck, words.yes] : [IconMinus, words.no];
  return (
    <td className={classes.mark} data-value={value === null ? 'unknown' : value}>
      <Icon size={16} stroke={2} role="img" aria-label={text} />
    </td>
  );
}
