import type { Command } from 'commander';
import { readLastRun } from '../../inventory/last-run.ts';
import type { BootSource, MachineConfig } from '../../inventory/machine-config.ts';
import type { MachineSummary } from '../../vmm/client/machine-state.ts';
import type { MachineReport } from '../../vmm/client/observe.ts';
import { type CliIo, printJson, write } from '../cli-io.ts';
import { facts, mebibytes, paint } from '../text.ts';
import { STATE_COLOURS } from './list.ts';
import { findMachine } from './machines.ts';

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
      const { folder, qmp, serial, serialLog: log, hostLog } = fleet.store.paths.machine(id);
      const places = { folder, qmp, serial, log, hostLog };
      if (!json) return write(io.stdout, describe(io, summary, config, report, places));
      const lastRun = readLastRun(fleet.store.paths.machine(id));
      await printJson(io.stdout, {
        ...summary,
        ...(config && {
          createdAt: config.createdAt,
          description: config.description,
          boot: config.boot,
          devices: config.devices,
          config,
        }),
        ...(report && { startedAt: report.startedAt, booted: report.boot, serialBytes: report.serial.bytes }),
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
  places: Record<'folder' | 'qmp' | 'serial' | 'log', string>,
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
    ['cpus', config && `${config.cpus}`],
    ['memory', config && mebibytes(config.memoryMiB)],
    ['boot', report?.boot ?? (config && bootLine(config.boot))],
    ['command line', config?.boot.commandLine],
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

function bootLine(boot: BootSource): string {
  if (boot.kind === 'guest') return boot.guest;
  return boot.initrd === undefined ? boot.kernel : `${boot.kernel} with ${boot.initrd}`;
}
