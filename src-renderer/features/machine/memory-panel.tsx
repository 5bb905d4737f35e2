import { Slider } from '@mantine/core';
import { useState } from 'react';
import type { MachineSample } from '../../../src-main/contract/machine.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { Panel } from '../../components/panel.tsx';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import classes from './memory-panel.module.css';
import { balloonRange } from './stats-model.ts';

/** What memory the guest has, and a slider for how much it is to get along with. */
export function MemoryPanel({ id, sample }: { id: string; sample: MachineSample }) {
  const { balloon, residentMiB } = sample;
  /** Where the slider is held, or was let go and the machine has not said so yet. */
  const [held, setHeld] = useState<number | undefined>(undefined);
  const [refused, setRefused] = useState<string | undefined>(undefined);
  if (balloon === undefined) return null;
  const { active, totalMiB, targetMiB, actualMiB, freeMiB } = balloon;
  const { least, step } = balloonRange(totalMiB);
  const aim = async (memoryMiB: number): Promise<void> => {
    setRefused(undefined);
    await call('machine.balloon', { id, memoryMiB }).catch((error) => setRefused(failureOf(error).message));
    setHeld(undefined);
  };
  const facts = [
    [en.memory.guest, active ? mebibytes(Math.round(actualMiB)) : '–'],
    [en.memory.free, active && freeMiB !== undefined ? mebibytes(Math.round(freeMiB)) : '–'],
    [en.memory.resident, mebibytes(Math.round(residentMiB))],
  ] as const;
  return (
    <Panel title={en.memory.title} aside={<span className={classes.hint}>{en.memory.hint}</span>}>
      <div className={classes.memory}>
        <dl className={classes.facts}>
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <Slider
          className={classes.slider ?? ''}
          thumbLabel={en.memory.slider}
          min={least}
          max={totalMiB}
          step={step}
          value={held ?? Math.round(targetMiB)}
          disabled={!active}
          label={(value) => mebibytes(value)}
          marks={[
            { value: least, label: mebibytes(least) },
            { value: totalMiB, label: mebibytes(totalMiB) },
          ]}
          onChange={setHeld}
          onChangeEnd={(value) => void aim(value)}
        />
      </div>
      <p className={classes.words} role={refused === undefined ? undefined : 'alert'}>
        {refused ?? (active ? moving(actualMiB, targetMiB) : en.memory.noDriver)}
      </p>
    </Panel>
  );
}

function moving(actualMiB: number, targetMiB: number): string {
  if (Math.abs(actualMiB - targetMiB) < 1) return en.memory.settled;
  return actualMiB > targetMiB ? en.memory.giving(mebibytes(targetMiB)) : en.memory.taking(mebibytes(targetMiB));
}
