import { Button, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { AcceleratorVerdict, HostCheck, HostOverview } from '../../../src-main/contract/host.ts';
import { failureOf } from '../../api/bridge.ts';
import { hostCheckQuery, hostOverviewQuery } from '../../api/queries.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { Facts, Panel } from '../../components/panel.tsx';
import { mebibytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import classes from './host.module.css';
import { missingCount, orderedChecks } from './host-model.ts';

export function HostPage() {
  const overview = useQuery(hostOverviewQuery);
  const checks = useQuery(hostCheckQuery);
  const error = overview.error ?? checks.error;
  const again = (): void => {
    void overview.refetch();
    void checks.refetch();
  };
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <h1>{en.host.title}</h1>
          <p>{en.host.text}</p>
        </div>
        <Button
          variant="default"
          leftSection={<IconRefresh size={17} />}
          loading={checks.isFetching || overview.isFetching}
          onClick={again}
        >
          {en.host.again}
        </Button>
      </header>
      {error !== null && (
        <FailureBanner title={en.host.failed} message={failureOf(error).message} hint={failureOf(error).hint} />
      )}
      <div className={classes.columns}>
        <Panel title={en.host.computer}>
          {overview.data === undefined ? <Skeleton h={150} /> : <Facts facts={computerFacts(overview.data)} />}
        </Panel>
        <Panel title={en.host.accelerators}>
          {overview.data === undefined ? (
            <Skeleton h={150} />
          ) : (
            <ul className={classes.lines}>
              {overview.data.accelerators.map((verdict) => (
                <AcceleratorLine key={verdict.accelerator} verdict={verdict} />
              ))}
            </ul>
          )}
        </Panel>
      </div>
      <Panel title={en.host.checks} aside={checks.data && <Verdict checks={checks.data} />}>
        {checks.data === undefined ? (
          <Skeleton h={260} />
        ) : (
          <ul className={classes.lines}>
            {orderedChecks(checks.data).map((check) => (
              <Line key={check.name} title={check.name} {...check} />
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

function computerFacts(host: HostOverview) {
  return [
    { label: en.host.processor, value: `${host.cpuModel} · ${en.host.threads(host.cpus)}` },
    {
      label: en.host.memory,
      value: `${mebibytes(host.memoryMiB)} · ${en.host.free(mebibytes(host.memoryAvailableMiB))}`,
    },
    { label: en.host.system, value: `${host.os} · Linux ${host.kernel}` },
    { label: en.host.version, value: host.appVersion },
    {
      label: en.host.data,
      value: host.dataFolder,
      mono: true,
      aside: <CopyButton text={host.dataFolder} what={en.host.data} />,
    },
  ];
}

function Verdict({ checks }: { checks: readonly HostCheck[] }) {
  const missing = missingCount(checks);
  return <span className={classes.verdict}>{missing === 0 ? en.host.allFine : en.host.missing(missing)}</span>;
}

function AcceleratorLine({ verdict }: { verdict: AcceleratorVerdict }) {
  const { accelerator, usable, detail, hint } = verdict;
  return <Line title={en.accelerator[accelerator]} ok={usable} detail={detail} hint={hint} />;
}

interface LineProps {
  title: string;
  ok: boolean;
  detail: string;
  hint?: string | undefined;
}

function Line({ title, ok, detail, hint }: LineProps) {
  const Icon = ok ? IconCircleCheck : IconAlertTriangle;
  return (
    <li className={classes.line} data-ok={ok}>
      <Icon size={19} stroke={1.8} role="img" aria-label={ok ? en.host.present : en.host.absent} />
      <div className={`${classes.words} selectable`}>
        <strong>{title}</strong>
        <span>{detail}</span>
        {hint !== undefined && (
          <p className={classes.hint}>
            <b>{en.host.how}</b> {hint}
          </p>
        )}
      </div>
    </li>
  );
}
