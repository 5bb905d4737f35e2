import type { Command } from 'commander';
import { readLastRun } from '../../inventory/last-run.ts';
import type { BootSource, MachineConfig } from '../../inventory/machine-config.ts';
import { consolePortNames } from '../../inventory/machine-hardware.ts';
import { consolePortSockets } from '../../inventory/paths.ts';
import type { MachineSummary } from '../../vmm/client/machine-state.ts';
import type { MachineReport } from '../../vmm/client/observe.ts';
import { type CliIo, printJson, write } from '../cli-io.ts';
import { facts, mebibytes, paint } from '../text.ts';
import { describeDisk } from './disk-option.ts';
import { STATE_COLOURS } from './list.ts';
import { findMachine } from './machines.ts';
import { describeNet } from './net-option.ts';

export function addShow(group: Command, io: CliIo): void {
  group
    .command('show')
    .description('everything about a machine: settings, state, paths')
    .argument('<name>')
    .option('--json', 'as one JSON document')
    .action(async (name: string, { json }: { json?: boolean }) => {
      const { fleet, id } = findMachine(io, name);
      const [summary, report] = await Promise.all([fleet.summary(id), fleet.report(id)]);
      const entry = fleet.store.find(id);
      const config = entry.kind === 'ok' ? entry.config : undefined;
      const paths = fleet.store.paths.machine(id);
      const { folder, qmp, serial, serialLog: log, hostLog, vsock } = paths;
      const places = { folder, qmp, serial, log, hostLog };
      const ports = consolePortSockets(paths, consolePortNames(config?.consolePorts));
      const sockets = config?.vsock === undefined ? undefined : { cid: config.vsock, path: vsock };
      if (!json) return write(io.stdout, describe(io, summary, config, report, { ...places, vsock, ports }));
      const lastRun = readLastRun(paths);
      await printJson(io.stdout, {
        ...summary,
        ...(config && {
          createdAt: config.createdAt,
          description: config.description,
          boot: config.boot,
          devices: config.devices,
          config,
        }),
        ...(report && {
          startedAt: report.startedAt,
          booted: report.boot,
          serialBytes: report.serial.bytes,
          networks: report.networks,
        }),
        ...(config?.consolePorts && { ports }),
        ...(sockets && { vsock: sockets }),
        ...(lastRun && { lastRun }),
        ...places,
      });
    });
}

function describe(
  io: CliIo,
  summary: MachineSummary,
  config: MachineConfig | undefined,
  report: MachineReport | undefined,
  places: Record<'folder' | 'qmp' | 'serial' | 'log' | 'vsock', string> & { readonly ports: Record<string, string> },
): string {
  const colour = STATE_COLOURS[summary.state];
  const state = colour === undefined ? summary.state : paint(io, io.stdout, colour, summary.state);
  const rows: [string, string | undefined][] = [
    ['name', summary.name],
    ['id', summary.id],
    ['description', config?.description],
    ['state', state],
    ['reason', summary.reason],
    ['accelerator', config && (report ? `${report.accelerator} (chosen: ${config.accelerator})` : config.accelerator)],
    ['cpus', config && cpusLine(config)],
    ['cpu model', config?.cpu && `${config.cpu}${config.cpuPolicy === 'enforce' ? ' (enforced)' : ''}`],
    ['pinning', config?.pinning],
    ['memory', config && mebibytes(config.memoryMiB)],
    ['boot', report?.boot ?? (config && bootLine(config.boot))],
    ['command line', config && 'commandLine' in config.boot ? config.boot.commandLine : undefined],
    ...(config?.disks ?? []).map((disk, index): [string, string] => [`disk ${index}`, describeDisk(disk)]),
    ['cdrom', config?.cdrom],
    ...networkRows(config, report),
    ...consoleRows(config, places.ports),
    ['vsock', config?.vsock === undefined ? undefined : `CID ${config.vsock}, ${places.vsock}`],
    ['debug exit', config?.devices.debugExit ? 'on' : undefined],
    ['created', config?.createdAt],
    ['pid', summary.pid === undefined ? undefined : `${summary.pid}`],
    ['started', report?.startedAt],
    ['folder', places.folder],
    ['log', places.log],
    ['qmp', report && places.qmp],
    ['serial', report && places.serial],
  ];
  return facts(rows.filter((row): row is [string, string] => row[1] !== undefined));
}

/** Where the ports of a machine's virtio console lead. */
function consoleRows(config: MachineConfig | undefined, ports: Record<string, string>): [string, string][] {
  if (config?.consolePorts === undefined) return [];
  return Object.entries(ports).map(([name, socket]) => [`port ${name}`, socket]);
}

/** What a machine's cards are connected to: as it runs, or as configured. */
function networkRows(config: MachineConfig | undefined, report: MachineReport | undefined): [string, string][] {
  return (config?.networks ?? []).flatMap((configured, index) => {
    const running = report?.networks?.[index];
    const forwards = running?.forwards ?? (configured.kind === 'user' ? configured.forwards : []);
    const network = configured.kind === 'user' ? { ...configured, forwards } : configured;
    const rows: [string, string][] = [[`network ${index}`, `${describeNet(network)} (${network.mac})`]];
    if (running?.address !== undefined) rows.push(['guest address', running.address]);
    return rows;
  });
}

function cpusLine({ cpus, topology }: MachineConfig): string {
  if (topology === undefined) return `${cpus}`;
  return `${cpus} (${topology.sockets} × ${topology.cores} × ${topology.threads}: sockets, cores, threads)`;
}

function bootLine(boot: BootSource): string {
  if (boot.kind === 'guest') return boot.guest;
  if (boot.kind === 'firmware') return `firmware (${boot.firmware})`;
  return boot.initrd === undefined ? boot.kernel : `${boot.kernel} with ${boot.initrd}`;
}
