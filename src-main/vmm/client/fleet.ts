import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Disposable } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import { requireRunnable } from '../../inventory/host-limits.ts';
import { quote } from '../../inventory/machine-name.ts';
import { entryName, type MachineEntry, type MachineStore } from '../../inventory/machine-store.ts';
import type { MachinePaths } from '../../inventory/paths.ts';
import { FleetWatch, type MachineDelta } from './fleet-watch.ts';
import { type Launched, type LaunchOptions, launchMachine } from './launch.ts';
import { isLive, type MachineAction, type MachineSummary, requireState } from './machine-state.ts';
import { hostPid, type MachineReport, type Observation, observe } from './observe.ts';
import type { QmpClient } from './qmp-client.ts';
import { connectSerial } from './serial-socket.ts';

/** How long a VM host that was told to quit may take before it is killed. */
const QUIT_MS = 5000;
const LOOK_AGAIN_MS = 50;

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

  /** Starts the machine; settles once the guest runs. */
  async start(id: string, options: LaunchOptions = {}): Promise<Launched> {
    const summary = await this.summary(id);
    if (summary.state === 'broken') this.store.intact(id);
    requireState('start', summary);
    requireRunnable(this.store.intact(id));
    try {
      return await launchMachine(this.store.paths, id, { ...this.launch, ...options });
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

  /** Switches the machine off now; settles when it is. A VM host that does not answer is killed. */
  async kill(id: string): Promise<void> {
    const { summary, qmp } = await this.observed(id);
    try {
      if (summary.state !== 'broken' || summary.pid === undefined) requireState('kill', summary);
      await qmp?.execute('quit', undefined, QUIT_MS).catch(() => undefined);
    } finally {
      qmp?.dispose();
    }
    if (await this.isOff(id, qmp === undefined ? 0 : QUIT_MS)) return;
    killHost(this.store.paths.machine(id), id);
    if (await this.isOff(id, QUIT_MS)) return;
    throw new Failure('failed', 'kill-failed', `machine ${quote(summary.name)}: its VM host does not end`);
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

  /** The raw byte stream of the serial console; the kept scrollback comes first. */
  async console(id: string): Promise<Duplex> {
    requireState('reach', await this.summary(id));
    try {
      return await connectSerial(this.store.paths.machine(id).serial);
    } catch (error) {
      throw aboutMachine(entryName(this.entry(id)), error);
    }
  }

  /** Runs a QMP command on a running machine. */
  async query(id: string, command: string): Promise<unknown> {
    return this.withQmp(id, 'reach', (qmp) => qmp.execute(command));
  }

  private async order(id: string, action: MachineAction, command: string): Promise<void> {
    await this.withQmp(id, action, (qmp) => qmp.execute(command));
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
    const end = performance.now() + patienceMs;
    for (;;) {
      const { summary, qmp, transient } = await this.observed(id);
      qmp?.dispose();
      if (!qmp && !transient) return !isLive(summary.state);
      if (performance.now() >= end) return false;
      await pause(LOOK_AGAIN_MS);
    }
  }
}

/** Kills the VM host of machine `id`, if that is what its pid still names. */
function killHost(paths: MachinePaths, id: string): void {
  const pid = hostPid(paths);
  if (pid === undefined) return;
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(id)) process.kill(pid, 'SIGKILL');
  } catch {
    // ENOENT, ESRCH: it is gone already.
  }
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
