import { ActionIcon, Button, Center, Menu, Tabs, Text } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { Link, useNavigate, useParams } from 'react-router';
import type { MachineSummary } from '../../../src-main/contract/machine.ts';
import { headerActions, machineActions } from '../../actions/machine-actions.ts';
import { useMachine } from '../../api/machine-list.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { en } from '../../locales/en.ts';
import { MachineMenuItems } from '../machines/machine-menu.tsx';
import { ActionButton } from './action-button.tsx';
import { ConsoleTab } from './console-tab.tsx';
import { LogTab } from './log-tab.tsx';
import classes from './machine.module.css';
import { MachineTroubles } from './machine-troubles.tsx';
import { OverviewTab } from './overview-tab.tsx';
import { SettingsTab } from './settings-tab.tsx';

const tabs = ['overview', 'console', 'log', 'settings'] as const;
type TabName = (typeof tabs)[number];

export function MachinePage() {
  const { id = '', tab = 'overview' } = useParams();
  const navigate = useNavigate();
  const machine = useMachine(id);
  if (machine === undefined) return <MachineGone />;
  const broken = machine.state === 'broken';
  return (
    <div className={classes.page}>
      <MachineHeader machine={machine} />
      <MachineTroubles machine={machine} />
      {!broken && (
        <Tabs
          value={tabs.includes(tab as TabName) ? tab : 'overview'}
          onChange={(value) => void navigate(`/machines/${id}/${value}`, { replace: true })}
          keepMounted={false}
          className={classes.tabs ?? ''}
          classNames={{ panel: classes.panel ?? '', list: classes.tabList ?? '' }}
        >
          <Tabs.List>
            {tabs.map((name) => (
              <Tabs.Tab key={name} value={name}>
                {en.detail.tabs[name]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="overview">
            <OverviewTab key={id} machine={machine} />
          </Tabs.Panel>
          <Tabs.Panel value="console">
            <ConsoleTab key={id} machine={machine} />
          </Tabs.Panel>
          <Tabs.Panel value="log">
            <LogTab key={id} machine={machine} />
          </Tabs.Panel>
          <Tabs.Panel value="settings">
            <SettingsTab key={id} machine={machine} />
          </Tabs.Panel>
        </Tabs>
      )}
    </div>
  );
}

function MachineGone() {
  return (
    <Center h="100%" style={{ flexDirection: 'column', gap: 12 }}>
      <Text c="dimmed">{en.detail.gone}</Text>
      <Button component={Link} to="/machines" variant="default">
        {en.detail.back}
      </Button>
    </Center>
  );
}

function MachineHeader({ machine }: { machine: MachineSummary }) {
  return (
    <header className={classes.head}>
      <div className={classes.title}>
        <h1 className="selectable">{machine.name}</h1>
        <StateMark state={machine.state} labelled />
      </div>
      <div className={classes.headActions}>
        {headerActions(machine.state).map((action, index) => (
          <ActionButton key={action.id} action={action} machine={machine} first={index === 0} />
        ))}
        <Menu withInitialFocusPlaceholder={false} position="bottom-end" width={290} transitionProps={{ duration: 0 }}>
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={en.action.more}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <MachineMenuItems machine={machine} actions={machineActions} />
          </Menu.Dropdown>
        </Menu>
      </div>
    </header>
  );
}
