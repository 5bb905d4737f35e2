import { useQuery } from '@tanstack/react-query';
import type { Cdrom } from '../../../src-main/contract/hardware.ts';
import type { MachineDetail, MachineSample, MachineSummary } from '../../../src-main/contract/machine.ts';
import { hostOverviewQuery, machineQuery } from '../../api/queries.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { type Fact, Facts, Panel } from '../../components/panel.tsx';
import { bytes, count, duration, mebibytes, short } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { mediumOf } from '../new-machine/cd-model.ts';
import { formOf } from '../new-machine/machine-form.ts';
import { forwardLine, networkOf } from '../new-machine/network-model.ts';
import { shareLine } from '../new-machine/share-model.ts';
import { processorsLine } from '../new-machine/wizard-model.ts';
import { LiveGraph } from './live-graph.tsx';
import classes from './machine.module.css';
import { MemoryPanel } from './memory-panel.tsx';
import { type StatsHistory, series } from './stats-model.ts';
import { useStats } from './use-stats.ts';
import { VcpuLoads } from './vcpu-loads.tsx';

const ADDRESS_EVERY_MS = 2000;

export function OverviewTab({ machine }: { machine: MachineSummary }) {
  const on = machine.state === 'running' || machine.state === 'paused' || machine.state === 'stopping';
  const { data } = useQuery({
    ...machineQuery(machine.id),
    // The guest's address comes some time after the start, and may change.
    refetchInterval: ({ state }) => (on && (state.data?.config?.networks ?? []).length > 0 ? ADDRESS_EVERY_MS : false),
  });
  const guests = useQuery(hostOverviewQuery).data?.guests ?? [];
  const history = useStats(machine.id);
  const guestName = (id: string): string => guests.find((guest) => guest.id === id)?.name ?? id;
  return (
    <div className={classes.overview}>
      <Panel title={en.overview.live}>
        {on ? <Graphs history={history} /> : <p className={classes.quiet}>{en.overview.off}</p>}
      </Panel>
      {on && history.last !== undefined && <VcpuLoads history={history} />}
      {on && history.last?.balloon !== undefined && <MemoryPanel id={machine.id} sample={history.last} />}
      <div className={classes.columns}>
        <Panel title={en.overview.facts}>
          <Facts facts={machineFacts(machine, data, on ? history.last : undefined)} />
        </Panel>
        <Panel title={en.overview.boot}>
          <Facts facts={bootFacts(data, guestName)} />
        </Panel>
      </div>
      {(data?.config?.networks ?? []).length > 0 && (
        <Panel title={en.network.title}>
          <Facts facts={networkFacts(data, on)} />
        </Panel>
      )}
      <Panel title={en.overview.paths}>
        <Facts facts={[...diskFacts(data), ...pathFacts(data, on)]} />
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
    {
      label: en.overview.cpus,
      value: detail?.config === undefined ? String(machine.cpus) : processorsLine(formOf(detail.config)),
    },
    { label: en.cpu.cpuModel, value: detail?.config?.cpu ?? en.cpu.automatic },
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
  if (boot.kind === 'firmware') return [{ label: en.overview.firmware, value: en.overview.bios }];
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

function networkFacts(detail: MachineDetail | undefined, on: boolean): Fact[] {
  return (detail?.config?.networks ?? []).flatMap((network, index) => {
    const { device, kind, forwards } = networkOf([network]);
    const address = on ? detail?.networks?.[index]?.address : undefined;
    const number = index === 0 ? '' : ` ${index + 1}`;
    const facts: Fact[] = [{ label: `${en.network.connected}${number}`, value: `${en.network.kinds[kind]} ${device}` }];
    if (address !== undefined) facts.push(pathFact(`${en.network.address}${number}`, address));
    else if (on) facts.push({ label: `${en.network.address}${number}`, value: en.network.addressLater });
    if (network.mac !== undefined) facts.push(pathFact(`${en.network.mac}${number}`, network.mac));
    if (forwards.length > 0) {
      facts.push({ label: `${en.network.forwarded}${number}`, value: forwards.map(forwardLine).join(', ') });
    }
    return facts;
  });
}

function diskFacts(detail: MachineDetail | undefined): Fact[] {
  const { disks = [], cdrom, shares = [] } = detail?.config ?? {};
  return [
    ...disks.map(({ path }, index) => pathFact(en.disks.numbered(index), path)),
    ...(cdrom === undefined ? [] : [driveFact(cdrom)]),
    ...shares.map((share) => ({ label: en.shares.title, value: shareLine(share), mono: true })),
  ];
}

function driveFact(cdrom: Cdrom): Fact {
  const medium = mediumOf(cdrom);
  return medium === '' ? { label: en.disks.drive, value: en.disks.noMedium } : pathFact(en.disks.drive, medium);
}

function pathFacts(detail: MachineDetail | undefined, on: boolean): Fact[] {
  if (detail === undefined) return [];
  const { folder, log, qmp, serial, ports = {}, vsock } = detail.paths;
  const sockets = on
    ? [
        pathFact(en.overview.qmp, qmp),
        pathFact(en.overview.serial, serial),
        ...Object.entries(ports).map(([name, socket]) => pathFact(en.channels.portSocket(name), socket)),
        ...(vsock === undefined ? [] : [pathFact(en.channels.vsockSocket, vsock)]),
      ]
    : [];
  return [pathFact(en.overview.folder, folder), pathFact(en.overview.log, log), ...sockets];
}

function pathFact(label: string, path: string): Fact {
  return { label, value: path, mono: true, aside: <CopyButton text={path} what={label} /> };
}
