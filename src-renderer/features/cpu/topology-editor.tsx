import { NumberInput } from '@mantine/core';
import type { Topology } from '../../../src-main/contract/machine.ts';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import { processorsOf } from './topology-model.ts';
import { TopologyPicture } from './topology-picture.tsx';

export interface TopologyEditorProps {
  topology: Topology;
  error: string | undefined;
  disabled: boolean;
  onChange(topology: Topology): void;
}

const words = en.cpu.topology;
const parts = [
  ['sockets', words.sockets, words.socketsHint],
  ['cores', words.cores, words.coresHint],
  ['threads', words.threads, words.threadsHint],
] as const;

/** How many processors, and how they are laid out. */
export function TopologyEditor({ topology, error, disabled, onChange }: TopologyEditorProps) {
  return (
    <div className={classes.topology}>
      <div className={classes.counts}>
        {parts.map(([part, label, hint]) => (
          <NumberInput
            key={part}
            label={label}
            description={hint}
            value={topology[part]}
            error={error !== undefined}
            disabled={disabled}
            min={1}
            max={64}
            allowDecimal={false}
            allowNegative={false}
            onChange={(value) => onChange({ ...topology, [part]: Number(value) })}
          />
        ))}
        <p className={classes.total} data-bad={error !== undefined || undefined} aria-live="polite">
          {error ?? words.total(processorsOf(topology))}
        </p>
      </div>
      <TopologyPicture topology={topology} />
    </div>
  );
}
