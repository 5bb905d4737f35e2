import { Button, Center, Loader, Tabs, Text, Tooltip } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import type { ContainerPort, ContainerSummary } from '../../../src-main/contract/container.ts';
import { complain } from '../../actions/complain.ts';
import { type ContainerAction, containerActions } from '../../actions/container-actions.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { en } from '../../locales/en.ts';
import machine from '../machine/machine.module.css';
import { markOf } from './container-model.ts';
import classes from './containers.module.css';
import { useContainers } from './containers-page.tsx';
import { FilesTab } from './files-tab.tsx';
import { LogsTab } from './logs-tab.tsx';
import { RunForm } from './run-form.tsx';
import { StatsTab } from './stats-tab.tsx';
import { TerminalTab } from './terminal-tab.tsx';

const text = en.containers;
const tabs = ['logs', 'terminal', 'files', 'stats', 'settings', 'inspect'] as const;

export function ContainerPage() {
  const { id = '', tab = 'logs' } = useParams();
  const navigate = useNavigate();
  const container = useContainers().find((one) => one.id === id);
  if (container === undefined) {
    return (
      <Center h="100%" style={{ flexDirection: 'column', gap: 12 }}>
        <Text c="dimmed">{text.gone}</Text>
        <Button component={Link} to="/containers" variant="default">
          {text.back}
        </Button>
      </Center>
    );
  }
  return (
    <div className={machine.page}>
      <Header container={container} />
      <Tabs
        value={tab}
        onChange={(value) => void navigate(`/containers/${id}/${value}`, { replace: true })}
        keepMounted={false}
        className={machine.tabs ?? ''}
        classNames={{ panel: machine.panel ?? '', list: machine.tabList ?? '' }}
      >
        <Tabs.List>
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {text.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="logs">
          <LogsTab key={id} id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="terminal">
          <TerminalTab key={id} container={container} />
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <FilesTab key={id} container={container} />
        </Tabs.Panel>
        <Tabs.Panel value="stats">
          <StatsTab key={id} container={container} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsTab key={id} container={container} />
        </Tabs.Panel>
        <Tabs.Panel value="inspect">
          <InspectTab key={id} container={container} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function Header({ container }: { container: ContainerSummary }) {
  const navigate = useNavigate();
  const context = { container, navigate: (path: string) => void navigate(path) };
  const shown = containerActions.filter((action) => action.available(context).now);
  return (
    <header className={machine.head}>
      <div className={machine.title}>
        <h1 className="selectable">{container.name}</h1>
        <span className={classes.state}>
          <StateMark state={markOf[container.state]} />
          {container.status}
        </span>
        {container.ports.map((port) => (
          <Port key={port.text} id={container.id} port={port} />
        ))}
      </div>
      <div className={machine.headActions}>
        {shown.map((action) => (
          <ActionIconButton key={action.id} action={action} run={() => action.run(context)} />
        ))}
      </div>
    </header>
  );
}

/** A port; a published one leads to the browser. */
function Port({ id, port: { text: said, tcpPort } }: { id: string; port: ContainerPort }) {
  if (tcpPort === undefined) return <span className={classes.port}>{said}</span>;
  const open = (): void => {
    void call('container.openPort', { id, tcpPort }).catch((error) => complain(text.openFailed, error));
  };
  return (
    <Tooltip label={text.openPort(tcpPort)}>
      <button type="button" className={classes.port} aria-label={text.openPort(tcpPort)} onClick={open}>
        {said}
        <IconExternalLink size={13} aria-hidden="true" />
      </button>
    </Tooltip>
  );
}

function ActionIconButton({ action, run }: { action: ContainerAction; run: () => void | Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const Icon = action.icon;
  const onClick = (): void => {
    setBusy(true);
    void Promise.resolve(run()).finally(() => setBusy(false));
  };
  if (action.tone === 'primary') {
    return (
      <Button size="sm" loading={busy} leftSection={<Icon size={16} />} onClick={onClick}>
        {action.label}
      </Button>
    );
  }
  return (
    <Tooltip label={action.label}>
      <Button
        size="sm"
        px={10}
        variant="default"
        {...(action.tone === 'danger' ? { c: 'var(--bad)' } : {})}
        loading={busy}
        aria-label={action.label}
        onClick={onClick}
      >
        <Icon size={17} />
      </Button>
    </Tooltip>
  );
}

function useDetail({ id, status }: ContainerSummary) {
  return useQuery({ queryKey: ['container', id, status], queryFn: () => call('container.get', { id }) });
}

function SettingsTab({ container }: { container: ContainerSummary }) {
  const { data, error } = useDetail(container);
  const navigate = useNavigate();
  if (error !== null) return <FailureBanner title={text.failed} message={failureOf(error).message} />;
  if (data === undefined) return <Loader />;
  return (
    <RunForm
      initial={data.draft}
      note={text.recreateNote}
      submitLabel={text.recreate}
      submit={async (draft) => {
        const { id } = await call('container.recreate', { id: container.id, draft });
        void navigate(`/containers/${id}`);
      }}
    />
  );
}

function InspectTab({ container }: { container: ContainerSummary }) {
  const { data, error } = useDetail(container);
  if (error !== null) return <FailureBanner title={text.failed} message={failureOf(error).message} />;
  return (
    <div className={classes.inspect}>
      {data !== undefined && <CopyButton text={data.inspect} what={text.tabs.inspect} />}
      <pre className={`${classes.text} selectable`}>{data?.inspect}</pre>
    </div>
  );
}
