import { Button, Center, Loader, Text } from '@mantine/core';
import { Outlet, useLocation } from 'react-router';
import { useMachineList } from '../../api/machine-list.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import { MachineList } from './machine-list.tsx';
import classes from './machines.module.css';
import { Welcome } from './welcome.tsx';

/** The list and, beside it, the machine or the wizard; the welcome while there is no machine. */
export function MachinesPage() {
  const { loaded, machines, failure } = useMachineList();
  const creating = useLocation().pathname === '/machines/new';
  if (!loaded)
    return (
      <Center h="100%">
        <Loader aria-label={en.list.title} />
      </Center>
    );
  if (failure !== undefined && machines.length === 0) {
    return (
      <div className={classes.alone}>
        <FailureBanner title={en.list.failed} message={failure.message} hint={failure.hint}>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            {en.failure.retry}
          </Button>
        </FailureBanner>
      </div>
    );
  }
  if (machines.length === 0) return creating ? <Outlet /> : <Welcome />;
  return (
    <div className={classes.page}>
      <MachineList machines={machines} />
      <div className={classes.detail}>
        <Outlet />
      </div>
    </div>
  );
}

export function ChooseMachine() {
  return (
    <Center h="100%">
      <Text c="dimmed">{en.list.select}</Text>
    </Center>
  );
}
