import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { failureOf } from '../../api/bridge.ts';
import { cpuComparisonQuery } from '../../api/cpu-queries.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import type { Pick } from './cpu-model.ts';

/** In what the CPU differs from another. */
export function ComparePanel({ cpu, picks }: { cpu: string; picks: readonly Pick[] }) {
  const [other, setOther] = useState('');
  const { data, error } = useQuery(cpuComparisonQuery(cpu, other));
  const words = en.cpu.compare;
  const failure = error === null ? undefined : failureOf(error);
  return (
    <div className={classes.compare}>
      <Select
        label={words.with}
        size="xs"
        searchable
        data={[...new Set(picks.map(({ name }) => name))]}
        value={other === '' ? null : other}
        maxDropdownHeight={280}
        comboboxProps={{ transitionProps: { duration: 0 } }}
        onChange={(value) => setOther(value ?? '')}
      />
      {other === '' && <p className={classes.nothing}>{words.empty}</p>}
      {failure !== undefined && <FailureBanner title={words.failed} message={failure.message} hint={failure.hint} />}
      {data?.differences.length === 0 && <p className={classes.nothing}>{words.same(data.a, data.b)}</p>}
      {data !== undefined && data.differences.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{words.what}</th>
              <th scope="col">{data.a}</th>
              <th scope="col">{data.b}</th>
              <th scope="col">{words.meaning}</th>
            </tr>
          </thead>
          <tbody>
            {data.differences.map(({ name, a, b, explanation }) => (
              <tr key={name} className={classes.difference}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td data-value={a}>{a}</td>
                <td data-value={b}>{b}</td>
                <td>{explanation}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
