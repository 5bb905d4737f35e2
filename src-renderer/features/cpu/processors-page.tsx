import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import { CpuWorkbench } from './cpu-workbench.tsx';

/** What is shown until a person chooses. */
const first = 'EPYC-Rome-v1';

/** Looking at CPUs without a machine. */
export function ProcessorsPage() {
  const [cpu, setCpu] = useState(first);
  return (
    <div className={classes.page}>
      <header className={classes.pageHead}>
        <h1>{en.cpu.title}</h1>
        <p>{en.cpu.text}</p>
      </header>
      <CpuWorkbench cpu={cpu} onChange={setCpu}>
        <Button
          size="xs"
          component={Link}
          to={`/machines/new?cpu=${encodeURIComponent(cpu)}`}
          leftSection={<IconPlus size={15} aria-hidden="true" />}
        >
          {en.cpu.newMachine}
        </Button>
      </CpuWorkbench>
    </div>
  );
}
