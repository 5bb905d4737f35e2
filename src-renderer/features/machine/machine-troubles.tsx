import { Button } from '@mantine/core';
import { useNavigate } from 'react-router';
import type { MachineSummary } from '../../../src-main/contract/machine.ts';
import { clearTrouble, useTrouble } from '../../api/machine-failures.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import classes from './machine.module.css';

/** What went wrong with this machine: the last refused action, or the reason of its state. */
export function MachineTroubles({ machine }: { machine: MachineSummary }) {
  const trouble = useTrouble(machine.id);
  const navigate = useNavigate();
  if (trouble !== undefined) {
    const { what, failure } = trouble;
    return (
      <div className={classes.troubles}>
        <FailureBanner
          title={en.action.failed(what)}
          message={failure.message}
          hint={failure.hint}
          onDismiss={() => clearTrouble(machine.id)}
        />
      </div>
    );
  }
  if (machine.state !== 'crashed' && machine.state !== 'broken') return null;
  const broken = machine.state === 'broken';
  return (
    <div className={classes.troubles}>
      <FailureBanner
        title={broken ? en.detail.brokenTitle : en.detail.crashedTitle}
        message={machine.reason ?? ''}
        hint={broken ? en.detail.brokenHint : en.detail.crashedHint}
      >
        {!broken && (
          <Button size="xs" variant="default" onClick={() => void navigate(`/machines/${machine.id}/log`)}>
            {en.detail.showLog}
          </Button>
        )}
      </FailureBanner>
    </div>
  );
}
