import { ActionIcon, Anchor, TextInput, Tooltip } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import type { MachineSummary } from '../../../src-main/contract/machine.ts';
import { useShownMachineId } from '../../app/use-shown-machine.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { rowAfterKey, runningCount, shownMachines } from './list-model.ts';
import { MachineMenu } from './machine-menu.tsx';
import classes from './machines.module.css';

export function MachineList({ machines }: { machines: readonly MachineSummary[] }) {
  const [filter, setFilter] = useState('');
  const rows = useRef<HTMLUListElement>(null);
  const navigate = useNavigate();
  const shown = shownMachines(machines, filter);
  const running = runningCount(machines);
  const focusRow = (index: number): void => {
    rows.current?.querySelectorAll<HTMLElement>('[data-row]')[index]?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const all = [...(rows.current?.querySelectorAll('[data-row]') ?? [])];
    const next = rowAfterKey(event.key, all.indexOf(document.activeElement as Element), all.length);
    if (next === undefined) return;
    event.preventDefault();
    focusRow(next);
  };
  return (
    <section className={classes.list} aria-label={en.list.title}>
      <header className={classes.listHead}>
        <h1>{en.list.title}</h1>
        <Tooltip label={`${en.list.create} (Ctrl+N)`}>
          <ActionIcon size="lg" aria-label={en.list.create} onClick={() => void navigate('/machines/new')}>
            <IconPlus size={19} />
          </ActionIcon>
        </Tooltip>
      </header>
      <TextInput
        className={classes.filter ?? ''}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') focusRow(0);
          if (event.key === 'Escape') setFilter('');
        }}
        leftSection={<IconSearch size={16} stroke={1.7} />}
        placeholder={en.list.filter}
        aria-label={en.list.filter}
      />
      <ul className={classes.rows} ref={rows} onKeyDown={onKeyDown}>
        {shown.map((machine) => (
          <Row key={machine.id} machine={machine} />
        ))}
      </ul>
      {shown.length === 0 && (
        <p className={classes.nothing}>
          {en.list.nothingFound(filter)}{' '}
          <Anchor component="button" inherit onClick={() => setFilter('')}>
            {en.list.clearFilter}
          </Anchor>
        </p>
      )}
      {running > 0 && (
        <footer className={classes.listFoot}>
          <strong>{en.list.running(running)}</strong>
          <span>{en.list.keepRunning}</span>
        </footer>
      )}
    </section>
  );
}

function Row({ machine }: { machine: MachineSummary }) {
  const navigate = useNavigate();
  const chosen = useShownMachineId() === machine.id;
  const [menuAt, setMenuAt] = useState<{ x: number; y: number } | undefined>(undefined);
  const open = (): void => void navigate(`/machines/${machine.id}`);
  return (
    <li>
      <button
        type="button"
        data-row
        className={classes.row}
        aria-current={chosen || undefined}
        onClick={open}
        onContextMenu={(event) => {
          event.preventDefault();
          open();
          setMenuAt({ x: event.clientX, y: event.clientY });
        }}
      >
        <StateMark state={machine.state} />
        <span className={classes.rowWords}>
          <span className={classes.rowName}>{machine.name}</span>
          <span className={classes.rowState}>
            {en.state[machine.state]}
            {machine.state === 'broken' ? '' : ` · ${mebibytes(machine.memoryMiB)}`}
          </span>
        </span>
      </button>
      {menuAt !== undefined && <MachineMenu machine={machine} at={menuAt} onClose={() => setMenuAt(undefined)} />}
    </li>
  );
}
