import { copyFileSync, existsSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { Owner } from '../../base/disposable.ts';
import { Failure, type FailureRecord } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { BootImage } from '../../boot/boot-image.ts';
import { flatTopology } from '../../cpu/normalize/topology.ts';
import type { VcpuCpu } from '../../cpu/resolve.ts';
import { buildAcpiTables } from '../../devices/acpi/tables/acpi-tables.ts';
import { kindOf } from '../../devices/virtio/specification.ts';
import { currentBootId, type LastRun, writeLastRun } from '../../inventory/last-run.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { mediumOf } from '../../inventory/machine-hardware.ts';
import { MachineStore } from '../../inventory/machine-store.ts';
import { bulkheadPaths, type MachinePaths, makeRuntimeFolder, requireSocketPaths } from '../../inventory/paths.ts';
import { parsePinning } from '../../inventory/pinning.ts';
import { tryLockFile } from '../../linux/file-lock.ts';
import { installKickSignal } from '../../linux/thread.ts';
import { CdDrive } from '../../storage/removable/cd-drive.ts';
import { DebugLog } from '../console/debug-log.ts';
import { MiB } from '../layout.ts';
import type { BoardOptions } from '../machine/board.ts';
import { Machine, type MachineEvent } from '../machine/machine.ts';
import { MachineReport } from '../machine/machine-report.ts';
import { StartupTimes } from '../machine/startup-times.ts';
import { balloonCommands } from '../qmp/balloon-commands.ts';
import { blockCommands } from '../qmp/block-commands.ts';
import { consoleCommands } from '../qmp/console-commands.ts';
import { machineCommands } from '../qmp/machine-commands.ts';
import { QmpServer } from '../qmp/qmp-server.ts';
import type { VcpuWorkerPool } from '../vcpu/vcpu-worker-pool.ts';
import { type Accelerator, chooseAccelerator, requireCpus } from './choose-accelerator.ts';
import { MachineConsoles } from './machine-consoles.ts';
import { bootableDevices, machineDevices } from './machine-devices.ts';
import type { MachineNetworks } from './machine-networks.ts';
import { firmwareFacts } from './plan-firmware-boot.ts';
import { planMachineBoot } from './plan-machine-boot.ts';
import { qmpTeller } from './qmp-events.ts';
import { version } from './version.ts';
import { writeSeed } from './write-seed.ts';

/** The one line a VM host writes to whoever started it. */
export type HostReport =
  | { readonly ready: { readonly pid: number; readonly accelerator: string } }
  | { readonly failure: FailureRecord };

type Report = (line: HostReport) => void;

/** The threads a machine is run by. */
export interface Workers {
  readonly vcpus: VcpuWorkerPool;
  /** The script of the thread that serves virtqueues. */
  readonly io: URL;
}

/** Clients and visitors have this long to take the last of what they were promised before the process ends. */
const FAREWELL_MS = 1000;
const HOST_LOG_MAX = 1 << 20;

type Off = Extract<MachineEvent, { kind: 'off' }>;

/**
 * Loads what machine `id` will need, and finds out what it needs to know of this computer. Changes nothing: so it may be
 * done before it is certain that the machine is to run.
 */
export async function getReady(id: string): Promise<void> {
  try {
    const config = new MachineStore(bulkheadPaths(process.env)).intact(id);
    const { verdict } = await chooseAccelerator(config.accelerator);
    if (verdict.accelerator === 'kvm') (await import('./machine-cpu.ts')).machineCpu(config);
  } catch {
    // Met again, and told, when the machine is to run.
  }
}

/**
 * Runs the machine `id` to its end. Throws what kept it from starting; leaves nothing behind either way.
 * @param orderedAt when it was told to, in milliseconds since 1970
 */
export async function runVmHost(id: string, workers: Workers, report: Report, orderedAt: number): Promise<void> {
  const times = new StartupTimes(orderedAt);
  times.mark('process');
  const store = new MachineStore(bulkheadPaths(process.env));
  const config = store.intact(id);
  const paths = store.paths.machine(config.id);
  const lock = tryLockFile(paths.lock);
  if (!lock) throw new Failure('state', 'already-running', `machine "${config.name}": it is running already`);
  times.mark('configuration');
  const owner = new Owner();
  owner.own(lock);
  try {
    boundLog(paths.hostLog);
    requireSocketPaths(paths, config);
    makeRuntimeFolder(paths);
    owner.defer(() => rmSync(paths.runtime, { recursive: true, force: true }));
    await serve(config, paths, workers, times, report, owner);
  } finally {
    owner.dispose();
  }
}

async function serve(
  config: MachineConfig,
  paths: MachinePaths,
  workers: Workers,
  times: StartupTimes,
  report: Report,
  owner: Owner,
): Promise<void> {
  const accelerator = await chooseAccelerator(config.accelerator);
  requireCpus(accelerator, config);
  times.mark('accelerator');
  const { processors, apicIds } = await processorsFor(config, accelerator);
  times.mark('cpu-model');
  const image = planMachineBoot(config, accelerator.verdict.accelerator, apicIds);
  owner.own(image);
  times.mark('plan-boot');
  const networks = await networksOf(config, times, owner);
  const seed = writeSeed(config, paths);
  const drive = config.cdrom === undefined ? undefined : owner.own(CdDrive.open(mediumOf(config.cdrom)));
  const opened = { seed, networks: networks?.connected ?? [], drive: drive?.seed, vsock: paths.vsock };
  const virtio = machineDevices(config, accelerator.verdict.accelerator, opened);
  const firmware = firmwareFacts(config, buildAcpiTables({ apicIds }), bootableDevices(virtio));
  const devices = { virtio, firmware };
  const machine = build(config, accelerator, processors, image, devices, drive, workers, times);
  owner.own(machine);
  const consoles = owner.own(new MachineConsoles(config, machine, paths));

  const run = beginRun(paths);
  try {
    const off = await runMachine({ config, paths, machine, networks, consoles, image, times, report });
    const reason = off.failure?.message;
    endRun(paths, run, reason === undefined ? { outcome: 'off' } : { outcome: 'failed', reason });
  } catch (error) {
    endRun(paths, run, { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** What an earlier run wrote is put aside when it is much. Whoever has it open for appending goes on in what is left. */
function boundLog(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= HOST_LOG_MAX) return;
  try {
    copyFileSync(path, `${path}.1`);
  } catch {
    // A full disk: what comes now is worth more.
  }
  truncateSync(path);
}

async function networksOf(
  config: MachineConfig,
  times: StartupTimes,
  owner: Owner,
): Promise<MachineNetworks | undefined> {
  if (config.networks.length === 0) return undefined;
  const { MachineNetworks } = await import('./machine-networks.ts');
  const networks = owner.own(await MachineNetworks.open(config, process.env));
  times.mark('networks');
  return networks;
}

interface Processors {
  /** Undefined where the accelerator brings its own. */
  readonly processors: readonly VcpuCpu[] | undefined;
  readonly apicIds: readonly number[];
}

async function processorsFor(config: MachineConfig, { verdict }: Accelerator): Promise<Processors> {
  if (verdict.accelerator !== 'kvm') {
    if (config.cpu !== undefined)
      log('warn', 'cpu-model-ignored', { cpu: config.cpu, accelerator: verdict.accelerator });
    return { processors: undefined, apicIds: Array.from({ length: config.cpus }, (_, index) => index) };
  }
  const { machineCpu } = await import('./machine-cpu.ts');
  const { processors, missing } = machineCpu(config);
  for (const { feature, why } of missing) log('warn', 'cpu-feature-missing', { feature, why });
  return { processors, apicIds: processors.map(({ apicId }) => apicId) };
}

function build(
  config: MachineConfig,
  accelerator: Accelerator,
  processors: readonly VcpuCpu[] | undefined,
  image: BootImage,
  devices: Pick<BoardOptions, 'virtio' | 'firmware'>,
  drive: CdDrive | undefined,
  workers: Workers,
  times: StartupTimes,
): Machine {
  installKickSignal();
  const memoryBytes = config.memoryMiB * MiB;
  const queues = (devices.virtio ?? []).map((device) => kindOf(device).queueSizes.length);
  const options = { name: config.name, memoryBytes, cpus: config.cpus, processors, queues };
  return new Machine({
    name: config.name,
    memoryBytes,
    cpus: config.cpus,
    image,
    board: { memoryBytes, debugExit: config.devices.debugExit, ...devices },
    workers: workers.vcpus,
    ioWorker: workers.io,
    ...(drive === undefined ? {} : { drive }),
    ...(config.pinning === undefined ? {} : { pinning: parsePinning(config.pinning) }),
    createVm: (arena) => accelerator.createVm({ ...options, arena }),
    times,
  });
}

interface Running {
  readonly config: MachineConfig;
  readonly paths: MachinePaths;
  readonly machine: Machine;
  readonly networks: MachineNetworks | undefined;
  readonly consoles: MachineConsoles;
  readonly image: BootImage;
  readonly times: StartupTimes;
  readonly report: Report;
}

/** Opens the sockets, starts the guest, and stays until it is off. */
async function runMachine(running: Running): Promise<Off> {
  const { config, paths, machine, networks, consoles, image, times, report } = running;
  const off = new Promise<Off>((resolve) => {
    machine.events.on((event) => {
      if (event.kind === 'off') resolve(event);
    });
  });
  const machineReport = new MachineReport({
    machine,
    cpus: config.cpus,
    memoryMiB: config.memoryMiB,
    boot: image.description,
    startedAt: new Date(),
    kvmPresent: existsSync('/dev/kvm'),
    times,
    consoleBytes: () => consoles.serial.printedBytes,
    consoleVisitors: () => consoles.serial.visitorCount,
    networks: () => networks?.describe(machine.arena) ?? [],
  });
  const identity = {
    name: config.name,
    id: config.id,
    version,
    topology: config.topology ?? flatTopology(config.cpus),
  };
  const commands = {
    ...networks?.commands,
    ...balloonCommands(machine),
    ...blockCommands(machine),
    ...consoleCommands(machine),
  };
  const qmp = new QmpServer(version, machineCommands(machine, identity, machineReport, commands));
  machine.events.on(qmpTeller(qmp));
  writeFileSync(paths.pid, `${process.pid}\n`, { mode: 0o600 });
  await Promise.all([consoles.listen(), qmp.listen(paths.qmp)]);
  times.mark('sockets');
  const debugLog = new DebugLog(machine.board.debugConsole, paths.debugLog);
  consoles.run();
  void debugLog.run();
  obeySignals(machine);
  await machine.start();
  log('info', 'started', { machine: config.name, accelerator: machine.vm.accelerator, boot: image.description });
  report({ ready: { pid: process.pid, accelerator: machine.vm.accelerator } });

  const how = await off;
  await machine.close();
  consoles.drain();
  debugLog.drain();
  debugLog.dispose();
  log('info', 'off', { cause: how.cause, reason: how.failure?.message, debugExit: how.exitCode });
  const farewell = new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
  await Promise.race([Promise.all([consoles.close(), qmp.close()]), farewell]);
  return how;
}

function obeySignals(machine: Machine): void {
  const powerOff = (): void => void machine.powerOff('host-signal').catch(() => {});
  process.on('SIGTERM', powerOff);
  process.on('SIGINT', powerOff);
  process.on('SIGHUP', () => {});
}

function beginRun(paths: MachinePaths): LastRun {
  const run: LastRun = {
    version: 1,
    startedAt: new Date().toISOString(),
    pid: process.pid,
    bootId: currentBootId(),
    outcome: 'running',
  };
  writeLastRun(paths, run);
  return run;
}

function endRun(paths: MachinePaths, run: LastRun, end: Pick<LastRun, 'outcome' | 'reason'>): void {
  try {
    writeLastRun(paths, { ...run, ...end, endedAt: new Date().toISOString() });
  } catch (error) {
    log('error', 'last-run-not-written', { reason: error instanceof Error ? error.message : String(error) });
  }
}
