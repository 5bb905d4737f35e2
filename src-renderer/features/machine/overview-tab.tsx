import { useQuery } from '@tanstack/react-query';
import type { MachineDetail, MachineSample, MachineSummary } from '../../../src-main/contract/machine.ts';
import { hostOverviewQuery, machineQuery } from '../../api/queries.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { type Fact, Facts, Panel } from '../../components/panel.tsx';
import { bytes, count, duration, mebibytes, short } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { LiveGraph } from './live-graph.tsx';
import classes from './machine.module.css';
import { type StatsHistory, series } from './stats-model.ts';
import { useStats } from './use-stats.ts';

export function OverviewTab({ machine }: { machine: MachineSummary }) {
  const { data } = useQuery(machineQuery(machine.id));
  const guests = useQuery(hostOverviewQuery).data?.guests ?? [];
  const history = useStats(machine.id);
  const on = machine.state === 'running' || machine.state === 'paused' || machine.state === 'stopping';
  const guestName = (id: string): string => guests.find((guest) => guest.id === id)?.name ?? id;
  return (
    <div className={classes.overview}>
      <Panel title={en.overview.live}>
        {on ? <Graphs history={history} /> : <p className={classes.quiet}>{en.overview.off}</p>}
      </Panel>
      <div className={classes.columns}>
        <Panel title={en.overview.facts}>
          <Facts facts={machineFacts(machine, data, on ? history.last : undefined)} />
        </Panel>
        <Panel title={en.overview.boot}>
          <Facts facts={bootFacts(data, guestName)} />
        </Panel>
      </div>
      <Panel title={en.overview.paths}>
        <Facts facts={pathFacts(data, on)} />
      </Panel>
    </div>
  );
}

function Graphs({ history }: { history: StatsHistory }) {
  const { rates } = history;
  const now = rates.at(-1);
  const perSecond = (text: string): string => (now === undefined ? '–' : `${text}/s`);
  return (
    <div className={classes.graphs}>
      <LiveGraph
        title={en.overview.cpuGraph}
        value={now === undefined ? '–' : `${short(now.cpuPercent)} %`}
        color="--graph-1"
        columns={series(rates, 'cpuPercent')}
        atLeast={100}
        tick={(value) => `${short(value)} %`}
      />
      <LiveGraph
        title={en.overview.exitsGraph}
        value={perSecond(count(now?.exitsPerSecond ?? 0))}
        color="--graph-2"
        columns={series(rates, 'exitsPerSecond')}
        atLeast={100}
        tick={count}
      />
      <LiveGraph
        title={en.overview.consoleGraph}
        value={perSecond(bytes(now?.consoleBytesPerSecond ?? 0))}
        color="--graph-3"
        columns={series(rates, 'consoleBytesPerSecond')}
        atLeast={1024}
        tick={bytes}
      />
    </div>
  );
}

function machineFacts(
  machine: MachineSummary,
  detail: MachineDetail | undefined,
  sample: MachineSample | undefined,
): Fact[] {
  const facts: Fact[] = [
    { label: en.overview.memory, value: mebibytes(machine.memoryMiB) },
    { label: en.overview.cpus, value: String(machine.cpus) },
    { label: en.overview.accelerator, value: acceleratorName(machine.accelerator) },
  ];
  if (machine.pid !== undefined) facts.push({ label: en.overview.pid, value: String(machine.pid) });
  if (sample !== undefined) {
    facts.push({ label: en.overview.uptime, value: duration(sample.uptimeMs) });
    facts.push({ label: en.overview.resident, value: mebibytes(sample.residentMiB) });
  }
  const created = detail?.config?.createdAt;
  if (created !== undefined)
    facts.push({ label: en.overview.created, value: new Date(created).toLocaleString('en-GB') });
  const notes = detail?.config?.description;
  if (notes) facts.push({ label: en.settings.description, value: notes });
  return facts;
}

function acceleratorName(name: string): string {
  return name === 'auto' || name === 'kvm' || name === 'translated' ? en.accelerator[name] : name;
}

function bootFacts(detail: MachineDetail | undefined, guestName: (id: string) => string): Fact[] {
  const boot = detail?.config?.boot;
  if (boot === undefined) return [];
  const commandLine: Fact = {
    label: en.overview.commandLine,
    value: boot.commandLine ?? (boot.kind === 'guest' ? en.overview.standard : en.overview.none),
    mono: boot.commandLine !== undefined,
  };
  if (boot.kind === 'guest') return [{ label: en.overview.guest, value: guestName(boot.guest) }, commandLine];
  return [
    pathFact(en.overview.kernel, boot.kernel),
    boot.initrd === undefined
      ? { label: en.overview.initrd, value: en.overview.none }
      : pathFact(en.overview.initrd, boot.initrd),
    commandLine,
  ];
}

function pathFacts(detail: MachineDetail | undefined, on: boolean): Fact[] {
  if (detail === undefined) return [];
  const { folder, log, qmp, serial } = detail.paths;
  const sockets = on ? [pathFact(en.overview.qmp, qmp), pathFact(en.overview.serial, serial)] : [];
  return [pathFact(en.overview.folder, folder), pathFact(en.overview.log, log), ...sockets];
}

function pathFact(label: string, path: string): Fact {
  return { label, value: path, mono: true, aside: <CopyButton text={path} what={label} /> };
}
