import { readFileSync, writeFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Disposable } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import { requireRunnable } from '../../inventory/host-limits.ts';
import {
  type CdromSetting,
  consolePortNames,
  EMPTY_DRIVE,
  type Forward,
  mediumOf,
} from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import { entryName, type MachineEntry, type MachineStore } from '../../inventory/machine-store.ts';
import { consolePortPaths, type MachinePaths } from '../../inventory/paths.ts';
import { CDROM } from '../host/machine-devices.ts';
import { FleetWatch, type MachineDelta } from './fleet-watch.ts';
import { requireForwards, userNetworkOf } from './forwards.ts';
import { checkedMedium } from './iso-file.ts';
import { type Launched, type LaunchOptions, launchMachine, readyLimitMs } from './launch.ts';
import { isLive, type MachineAction, type MachineSummary, requireState } from './machine-state.ts';
import { hostPid, type MachineReport, type Observation, observe } from './observe.ts';
import type { QmpClient } from './qmp-client.ts';
import { connectSerial } from './serial-socket.ts';

/** How long a VM host that was told to quit may take before it is killed. */
const QUIT_MS = 5000;
const LOOK_AGAIN_MS = 50;
/** The network starts anew, and once more when that cannot be. */
const FORWARDS_MS = 15_000;
/** Longer than the drive itself waits for what is under way. */
const MEDIUM_MS = 40_000;

/** The machines of this user: how they are, and what can be done with them. */
export class Fleet {
  constructor(
    readonly store: MachineStore,
    private readonly launch: LaunchOptions = {},
  ) {}

  async list(): Promise<MachineSummary[]> {
    return Promise.all(this.store.list().map((entry) => this.summarise(entry)));
  }

  /** Tells of every machine there is, then of every change, until disposed. */
  watch(listener: (delta: MachineDelta) => void): Disposable {
    return new FleetWatch(this.store, listener);
  }

  summary(id: string): Promise<MachineSummary> {
    return this.summarise(this.entry(id));
  }

  /** How a running machine describes itself; undefined when it does not run. */
  async report(id: string): Promise<MachineReport | undefined> {
    const { qmp, report } = await this.observed(id);
    qmp?.dispose();
    return report;
  }

  /** Starts the machine; settles once the guest runs. A VM host that is about to be gone is waited for. */
  async start(id: string, options: LaunchOptions = {}): Promise<Launched> {
    const { summary } = await this.observedOnce(
      id,
      QUIT_MS,
      (now) => !now.transient || now.summary.state !== 'stopping',
    );
    if (summary.state === 'broken') this.store.intact(id);
    requireState('start', summary);
    const config = this.store.intact(id);
    requireRunnable(config);
    try {
      const timeoutMs = readyLimitMs(config.cpus);
      return await launchMachine(this.store.paths, id, { timeoutMs, ...this.launch, ...options });
    } catch (error) {
      throw aboutMachine(summary.name, error);
    }
  }

  /** Presses the power button; the guest decides what follows. */
  stop(id: string): Promise<void> {
    return this.order(id, 'stop', 'system_powerdown');
  }

  reset(id: string): Promise<void> {
    return this.order(id, 'reset', 'system_reset');
  }

  pause(id: string): Promise<void> {
    return this.order(id, 'pause', 'stop');
  }

  resume(id: string): Promise<void> {
    return this.order(id, 'resume', 'cont');
  }

  /** Asks the guest to get along with so much memory from now on; its balloon takes the rest. */
  async balloon(id: string, memoryMiB: number): Promise<void> {
    await this.query(id, 'balloon', { value: memoryMiB * 2 ** 20 });
  }

  /** Switches the machine off now; settles when it is. A VM host that does not answer is killed. */
  async kill(id: string): Promise<void> {
    const { summary, qmp } = await this.observed(id);
    try {
      if (summary.state !== 'broken' || summary.pid === undefined) requireState('kill', summary);
      await qmp?.execute('quit', undefined, QUIT_MS).catch(() => undefined);
    } finally {
      qmp?.dispose();
    }
    // One that is on its way out, at somebody else's word, is let go its way.
    const hears = qmp !== undefined || summary.state === 'stopping';
    if (await this.isOff(id, hears ? QUIT_MS : 0)) return;
    killHost(this.store.paths.machine(id), id);
    if (await this.isOff(id, QUIT_MS)) return;
    throw new Failure('failed', 'kill-failed', `machine ${quote(summary.name)}: its VM host does not end`);
  }

  /**
   * Forwards these ports, and no others, to the machine's first user-mode network: at once where it runs, which breaks
   * connections through it, and whenever it runs from now on.
   */
  async setForwards(id: string, forwards: readonly Forward[]): Promise<void> {
    const config = this.store.intact(id);
    const { index } = userNetworkOf(config);
    requireForwards(config, index, forwards);
    const { summary, qmp } = await this.observed(id);
    try {
      if (isLive(summary.state)) requireState('reach', summary);
      await qmp?.execute('x-set-forwards', { network: `net${index}`, forwards }, FORWARDS_MS);
      this.store.keepForwards(id, index, forwards);
    } catch (error) {
      throw aboutMachine(config.name, withoutCommand('x-set-forwards', error));
    } finally {
      qmp?.dispose();
    }
  }

  /** Has this in the machine's CD drive from now on: at once where it runs, and whenever it starts. */
  async changeMedium(id: string, wanted: CdromSetting): Promise<void> {
    const { name, cdrom } = this.store.intact(id);
    if (cdrom === undefined) {
      throw new Failure('usage', 'no-cd-drive', `machine ${quote(name)}: has no CD drive`, {
        hint: `give it one while it is off: bulkhead vm set ${quote(name)} cdrom=${EMPTY_DRIVE}`,
      });
    }
    const medium = mediumOf(checkedMedium(wanted));
    const { summary, qmp } = await this.observed(id);
    try {
      if (isLive(summary.state)) requireState('reach', summary);
      if (medium === undefined) await qmp?.execute('eject', { id: CDROM }, MEDIUM_MS);
      else await qmp?.execute('blockdev-change-medium', { id: CDROM, filename: medium }, MEDIUM_MS);
      this.store.keepMedium(id, wanted);
    } catch (error) {
      throw aboutMachine(name, error);
    } finally {
      qmp?.dispose();
    }
  }

  /** Deletes the machine and everything in its folder. */
  async delete(id: string): Promise<void> {
    requireState('delete', await this.summary(id));
    this.store.remove(id);
  }

  /** Settles once the machine is off, with how it ended. */
  async wait(id: string): Promise<MachineSummary> {
    for (;;) {
      const { summary, qmp } = await this.observed(id);
      if (!qmp && !isLive(summary.state)) return summary;
      if (qmp) await new Promise<unknown>((resolve) => qmp.onClose(resolve));
      await pause(LOOK_AGAIN_MS);
    }
  }

  /** The raw byte stream of the serial console, or of a port of the virtio console; the kept scrollback comes first. */
  async console(id: string, port?: string): Promise<Duplex> {
    const paths = this.store.paths.machine(id);
    const path = port === undefined ? paths.serial : consolePortPaths(paths, this.requirePort(id, port)).socket;
    requireState('reach', await this.summary(id));
    try {
      return await connectSerial(path);
    } catch (error) {
      throw aboutMachine(entryName(this.entry(id)), error);
    }
  }

  /** Runs a QMP command on a running machine. */
  async query(id: string, command: string, args?: Record<string, unknown>): Promise<unknown> {
    return this.withQmp(id, 'reach', (qmp) => qmp.execute(command, args));
  }

  private requirePort(id: string, port: string): string {
    const { name, consolePorts } = this.store.intact(id);
    const names = consolePortNames(consolePorts);
    if (names.includes(port)) return port;
    throw new Failure('usage', 'no-such-port', `machine ${quote(name)}: has no console port ${quote(port)}`, {
      hint: names.length > 0 ? `it has ${names.join(', ')}` : 'set console=on, or console-port=NAME, while it is off',
    });
  }

  private async order(id: string, action: MachineAction, command: string): Promise<void> {
    await this.withQmp(id, action, async (qmp) => {
      try {
        await qmp.execute(command);
      } catch (error) {
        throw refusedNow(action, command, error);
      }
    });
  }

  private async withQmp<T>(id: string, action: MachineAction, body: (qmp: QmpClient) => Promise<T>): Promise<T> {
    const { summary, qmp } = await this.observed(id);
    try {
      requireState(action, summary);
      if (qmp) return await body(qmp);
      throw new Failure('failed', 'vm-host-silent', summary.reason ?? 'its VM host does not answer', {
        hint: 'if it stays so: `bulkhead vm kill`',
      });
    } catch (error) {
      throw aboutMachine(summary.name, error);
    } finally {
      qmp?.dispose();
    }
  }

  private async summarise(entry: MachineEntry): Promise<MachineSummary> {
    const { summary, qmp } = await observe(this.store.paths, entry);
    qmp?.dispose();
    return summary;
  }

  private observed(id: string): Promise<Observation> {
    return observe(this.store.paths, this.entry(id));
  }

  private entry(id: string): MachineEntry {
    return this.store.get(id) ?? this.store.find(id);
  }

  private async isOff(id: string, patienceMs: number): Promise<boolean> {
    const settled = ({ qmp, transient }: Observation): boolean => !qmp && !transient;
    const last = await this.observedOnce(id, patienceMs, settled);
    return settled(last) && !isLive(last.summary.state);
  }

  /** How the machine is once that holds, or when patience ends; its connection is closed. */
  private async observedOnce(
    id: string,
    patienceMs: number,
    holds: (now: Observation) => boolean,
  ): Promise<Observation> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const now = await this.observed(id);
      now.qmp?.dispose();
      if (holds(now) || performance.now() >= end) return now;
      await pause(LOOK_AGAIN_MS);
    }
  }
}

/** Kills the VM host of machine `id`, if that is what its pid still names. */
function killHost(paths: MachinePaths, id: string): void {
  const pid = hostPid(paths);
  if (pid === undefined) return;
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(id)) return;
    markKilled(paths);
    process.kill(pid, 'SIGKILL');
  } catch {
    // ENOENT, ESRCH: it is gone already.
  }
}

function markKilled({ killed }: MachinePaths): void {
  try {
    writeFileSync(killed, '');
  } catch {
    // A full disk: the machine will count as crashed, which is better than one that cannot be killed.
  }
}

/** The machine went into another state between being asked and being ordered: it says so itself. */
function refusedNow(action: MachineAction, command: string, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'qmp-refused' || error.failureClass !== 'state') return error;
  return withoutCommand(command, error, `cannot-${action}`);
}

/** What a QMP command was refused with, without its name. */
function withoutCommand(command: string, error: unknown, code = 'refused'): unknown {
  if (!(error instanceof Failure) || error.code !== 'qmp-refused') return error;
  return new Failure(error.failureClass, code, error.message.replace(`${command}: `, ''), { cause: error });
}

/** `error` with the machine named in its message, unless it is already. */
function aboutMachine(name: string, error: unknown): unknown {
  if (!(error instanceof Failure) || error.message.startsWith('machine ')) return error;
  const { failureClass, code, message, hint, facts } = error;
  const options = { facts, cause: error, ...(hint === undefined ? {} : { hint }) };
  return new Failure(failureClass, code, `machine ${quote(name)}: ${message}`, options);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export type { MachineDelta, MachineSummary };
