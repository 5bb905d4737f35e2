import { closeSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure, type FailureRecord, reviveFailure } from '../../base/failure.ts';
import { O } from '../../linux/fd.ts';
import { processStart } from '../../linux/process-stat.ts';
import type { Cgroup } from '../cgroups/cgroup.ts';
import { locateCgroup } from '../cgroups/locate.ts';
import { statsOfProcesses } from '../cgroups/process-sums.ts';
import type { ContainerStats } from '../cgroups/stats.ts';
import { ContainerFolder, type ContainerRecord } from './container-folder.ts';
import { runHooks } from './hooks.ts';
import { stateForHooks } from './oci-state.ts';
import type { ContainerState, ContainerStatus, DeleteOptions, KillOptions } from './runtime.ts';
import type { Spec } from './spec/config.ts';
import type { Resources } from './spec/linux.ts';

/** How long a killed process may take to be gone. */
const KILLED_MS = 10_000;
const SIGKILL = 9;

/** What can be done with a container by whoever sees its folder: none of this needs its parent process. */
export class ContainerOperations {
  private readonly folder: ContainerFolder;

  constructor(
    root: string,
    private readonly id: string,
  ) {
    this.folder = new ContainerFolder(root, id);
  }

  state(): ContainerState {
    const record = this.record();
    const { id, bundle, createdAt, startedAt } = record;
    const status = this.statusOf(record);
    return {
      id,
      status,
      pid: status === 'stopped' ? 0 : record.pid,
      bundle,
      createdAt,
      startedAt,
      exit: this.folder.exit(),
      annotations: this.folder.spec().annotations ?? {},
    };
  }

  /** Lets the waiting init become the container's program; throws what kept it from that. */
  async start(): Promise<void> {
    const record = this.require('start', 'created');
    const said = await this.giveStart();
    if (said !== '') throw reviveFailure((JSON.parse(said) as { failure: FailureRecord }).failure);
    const started = { ...record, startedAt: new Date().toISOString() };
    this.folder.write(started);
    const spec = this.folder.spec();
    runHooks(spec, 'poststart', stateForHooks(started, spec, 'running'));
  }

  kill(signal: number, { all = false }: KillOptions = {}): void {
    const record = all ? this.record() : this.require('kill', 'created', 'running', 'paused');
    const pids = all ? this.cgroup().processes() : [record.pid];
    for (const pid of pids) send(pid, signal);
    // SIGKILL reaches a frozen process of version 1 when it is thawed (cgroup-v1/freezer-subsystem.rst).
    if (signal === SIGKILL && this.cgroup().isFrozen()) void this.cgroup().thaw();
  }

  async delete({ force = false }: DeleteOptions = {}): Promise<void> {
    if (force && !this.folder.exists()) return;
    const record = this.folder.read();
    const status = record === undefined ? 'stopped' : this.statusOf(record);
    if (!force && status !== 'stopped') throw this.wrongMoment('delete', status);
    if (record !== undefined && status !== 'stopped') await this.end(record);
    const spec = this.specIfThere();
    await this.cgroup().remove();
    this.folder.remove();
    if (spec && record) runHooks(spec, 'poststop', stateForHooks(record, spec, 'stopped'));
  }

  async pause(): Promise<void> {
    this.require('pause', 'created', 'running');
    await this.cgroup().freeze();
  }

  async resume(): Promise<void> {
    this.require('resume', 'paused');
    await this.cgroup().thaw();
  }

  update(resources: Resources): void {
    this.require('update', 'created', 'running', 'paused');
    this.cgroup().apply(resources);
    const spec = this.folder.spec();
    const before = spec.linux.resources;
    const merged = before ? merge(before, resources) : resources;
    this.folder.writeSpec({ ...spec, linux: { ...spec.linux, resources: merged } });
  }

  processes(): number[] {
    const { pid } = this.record();
    const cgroup = this.cgroup();
    return cgroup.hierarchies.length > 0 ? cgroup.processes() : processesAround(pid);
  }

  /** By its cgroup, or by its processes where it has none. */
  stats(): ContainerStats {
    const cgroup = this.cgroup();
    return cgroup.hierarchies.length > 0 ? cgroup.stats() : statsOfProcesses(this.processes());
  }

  cgroup(): Cgroup {
    return locateCgroup(this.specIfThere()?.linux.cgroupsPath, this.id);
  }

  spec(): Spec {
    this.record();
    return this.folder.spec();
  }

  record(): ContainerRecord {
    const record = this.folder.read();
    if (record !== undefined) return record;
    throw new Failure('failed', 'container-broken', `container ${this.id}: its making was cut off`, {
      hint: 'delete it with --force',
    });
  }

  require(what: string, ...allowed: ContainerStatus[]): ContainerRecord {
    const record = this.record();
    const status = this.statusOf(record);
    if (allowed.includes(status)) return record;
    throw this.wrongMoment(what, status);
  }

  private statusOf(record: ContainerRecord): ContainerStatus {
    if (record.pid === 0) return 'creating';
    if (this.folder.exit() !== null || processStart(record.pid) !== record.pidStartedAt) return 'stopped';
    if (record.phase === 'creating') return 'creating';
    if (this.cgroup().isFrozen()) return 'paused';
    return this.folder.isStarted() ? 'running' : 'created';
  }

  private wrongMoment(what: string, status: ContainerStatus): Failure {
    return new Failure('state', `container-${status}`, `container ${this.id}: cannot ${what}: it is ${status}`);
  }

  private specIfThere(): Spec | undefined {
    try {
      return this.folder.spec();
    } catch {
      return undefined;
    }
  }

  private async giveStart(): Promise<string> {
    const started = openSync(this.folder.startedFifo, O.RDONLY | O.NONBLOCK);
    const answer = endOf(started);
    try {
      const fd = openSync(this.folder.startFifo, O.WRONLY | O.NONBLOCK);
      writeSync(fd, 'x');
      closeSync(fd);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ENXIO: nobody waits there. ENOENT: somebody else was faster.
      if (code === 'ENXIO' || code === 'ENOENT') throw this.wrongMoment('start', 'stopped');
      throw error;
    }
    this.folder.markStarted();
    return answer;
  }

  private async end(record: ContainerRecord): Promise<void> {
    const cgroup = this.cgroup();
    for (const pid of [record.pid, ...cgroup.processes()]) send(pid, SIGKILL);
    if (cgroup.isFrozen()) await cgroup.thaw();
    for (const end = performance.now() + KILLED_MS; processStart(record.pid) === record.pidStartedAt; ) {
      if (performance.now() > end) throw new Failure('failed', 'kill-failed', `container ${this.id}: does not end`);
      await delay(2);
    }
  }
}

/** Without a cgroup: every process in the PID namespace of one that has its own. */
function processesAround(pid: number): number[] {
  const namespaceOf = (who: string): string | undefined => {
    try {
      return readlinkSync(`/proc/${who}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const namespace = namespaceOf(`${pid}`);
  if (namespace === undefined || namespace === namespaceOf('self')) return namespace === undefined ? [] : [pid];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace)
    .map(Number);
}

function send(pid: number, signal: number): void {
  try {
    if (pid > 0) process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What is written to a fifo until its last writer is gone. */
function endOf(fd: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

function merge(before: Resources, change: Resources): Resources {
  return {
    ...before,
    ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined)),
    ...(change.memory ? { memory: { ...before.memory, ...change.memory } } : {}),
    ...(change.cpu ? { cpu: { ...before.cpu, ...change.cpu } } : {}),
  };
}
