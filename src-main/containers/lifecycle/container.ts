import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/emitter.ts';
import { asFailure, Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Exit, ProcessIo } from '../runtime/runtime.ts';
import type { ContainerFolder, ContainerRecord, ContainerStatus } from './container-record.ts';
import { ContainerStreams } from './container-streams.ts';
import type { EngineShared } from './engine-shared.ts';
import { HealthMonitor } from './health-monitor.ts';
import { rfc3339Nano } from './logs/log-entry.ts';
import { LogWriter } from './logs/log-writer.ts';
import { rotationOf } from './logs/rotation.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { type Joined, noNetwork } from './ports.ts';
import { prepareStart } from './prepare-start.ts';
import { restartDelay } from './restart-policy.ts';
import { signalNumber } from './signals.ts';
import { exitCodeOf, startFailure } from './start-failure.ts';

/** Docker's default for `stop`, seconds. */
const STOP_SECONDS = 10;
const SIGKILL = 9;

/** One container: its record on disk, and while its process lives, what belongs to that. */
export class Container {
  readonly streams = new ContainerStreams();
  readonly folder: ContainerFolder;
  /** Ids of the execs in it that have not been forgotten. */
  readonly execIds = new Set<string>();
  /** Fires when a reader of its log has more to read, or need not wait for more. */
  readonly logGrowth = new Emitter<void>();
  pid = 0;
  joined: Joined = noNetwork;
  health: HealthMonitor | undefined;
  /** Set while it is being removed. */
  removing = false;
  private readonly order = new OneAtATime();
  private logWriter: LogWriter | undefined;
  /** Settles when a run is over and cleared away. */
  private ended: Promise<void> = Promise.resolve();
  private exitWaiters: ((exitCode: number) => void)[] = [];
  private removalWaiters: ((exitCode: number) => void)[] = [];
  private restartTimer: NodeJS.Timeout | undefined;
  private restartWait = 0;

  constructor(
    readonly record: ContainerRecord,
    private readonly shared: EngineShared,
  ) {
    this.folder = shared.records.paths(record.id);
  }

  get id(): string {
    return this.record.id;
  }

  get status(): ContainerStatus {
    return this.record.state.status;
  }

  get live(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  /** The name without which a client would have to write a long id. */
  get shortId(): string {
    return this.id.slice(0, 12);
  }

  /** By a user. A container that runs already is left alone (`not-modified`). */
  start(): Promise<void> {
    return this.order.run(async () => {
      this.refuseWhileRemoved();
      if (this.status === 'paused') {
        throw new Failure('state', 'paused', 'cannot start a paused container, try unpause instead');
      }
      if (this.status === 'running') throw notModified();
      this.cancelRestart();
      this.record.state.stoppedByUser = false;
      this.record.state.restarts = 0;
      this.restartWait = 0;
      await this.run();
    });
  }

  /** Asks it to stop, and after a while no longer asks. Not running is `not-modified`. */
  stop(seconds: number | undefined, signal?: string): Promise<void> {
    return this.order.run(async () => {
      const { state, config } = this.record;
      if (this.status === 'restarting') {
        this.userStopped();
        this.cancelRestart();
        this.setExited();
        return;
      }
      if (!this.live) throw notModified();
      this.userStopped();
      const ended = this.ended;
      if (this.status === 'paused') await this.unfreeze();
      const grace = seconds ?? config.StopTimeout ?? STOP_SECONDS;
      await this.send(signalNumber(signal || config.StopSignal || 'SIGTERM'));
      if (!(await settlesWithin(ended, grace < 0 ? undefined : grace * 1000))) {
        await this.send(SIGKILL);
        await ended;
      }
      this.fire('stop');
      state.stoppedByUser = true;
      this.save();
    });
  }

  async restart(seconds: number | undefined, signal?: string): Promise<void> {
    try {
      await this.stop(seconds, signal);
    } catch (error) {
      if (asFailure(error).code !== 'not-modified') throw error;
    }
    await this.start();
    this.fire('restart');
  }

  async kill(signalText: string): Promise<void> {
    const signal = signalNumber(signalText || 'SIGKILL');
    if (!this.live)
      throw new Failure(
        'state',
        'not-running',
        `Cannot kill container: ${this.shortId}: Container ${this.id} is not running`,
      );
    const ended = this.ended;
    const last = signal === SIGKILL || signal === signalNumber(this.record.config.StopSignal || 'SIGTERM');
    if (last) this.userStopped();
    if (signal === SIGKILL && this.status === 'paused') await this.unfreeze();
    await this.send(signal);
    this.fire('kill', { signal: `${signal}` });
    if (signal === SIGKILL) await ended;
  }

  async pause(): Promise<void> {
    if (this.status === 'paused') throw new Failure('state', 'paused', `Container ${this.id} is already paused`);
    this.requireRunning();
    await this.shared.runtime.pause(this.id);
    this.record.state.status = 'paused';
    this.save();
    this.fire('pause');
  }

  async unpause(): Promise<void> {
    if (this.status !== 'paused') throw new Failure('state', 'not-paused', `Container ${this.id} is not paused`);
    await this.unfreeze();
    this.fire('unpause');
  }

  requireRunning(): void {
    if (this.status === 'running') return;
    if (this.status === 'paused') {
      throw new Failure('state', 'paused', `Container ${this.id} is paused, unpause the container first`);
    }
    throw new Failure('state', 'not-running', `container ${this.id} is not running`);
  }

  /** The exit code of this run, or of the next, or of the last when the container is gone. */
  wait(until: 'not-running' | 'next-exit' | 'removed'): Promise<number> {
    if (until === 'removed') return new Promise((resolve) => this.removalWaiters.push(resolve));
    if (until === 'not-running' && !this.live && this.status !== 'restarting') {
      return Promise.resolve(this.record.state.exitCode);
    }
    return new Promise((resolve) => this.exitWaiters.push(resolve));
  }

  /** Finds its process again after the engine was away; what it left to say is still heard. */
  async recover(): Promise<void> {
    const state = await this.shared.runtime.state(this.id).catch(() => undefined);
    const wasLive = this.live;
    if (state !== undefined && state.status !== 'creating' && state.status !== 'created' && wasLive) {
      this.pid = state.pid;
      // The engine may have ended between a freeze and the record of it.
      if (state.status !== 'stopped') this.record.state.status = state.status;
      this.joined = this.shared.networks.joined(this.id);
      this.watch(await this.streamsAgain());
      if (this.status === 'running') this.health = HealthMonitor.start(this, this.shared);
      if (state.status === 'stopped') await this.ended;
      return;
    }
    await this.clearAway();
    if (wasLive || this.status === 'restarting') {
      this.record.state.exitCode = wasLive ? 255 : this.record.state.exitCode;
      this.setExited();
    }
  }

  private async streamsAgain(): Promise<ProcessIo> {
    try {
      return await this.shared.runtime.attach(this.id);
    } catch (error) {
      log('warn', 'container-streams', { id: this.id, why: asFailure(error).message });
      return { kind: 'null' };
    }
  }

  /** Its root file system, while it does not run. */
  withRootfs<T>({ snapshots }: ImageStore, work: (rootfs: string) => Promise<T>): Promise<T> {
    return this.order.run(async () => {
      this.refuseWhileRemoved();
      if (this.live) throw new Failure('state', 'running', `container ${this.shortId}: it was started meanwhile`);
      await snapshots.prepare(this.id, this.record.imageId);
      const rootfs = snapshots.mount(this.id);
      try {
        return await work(rootfs);
      } finally {
        snapshots.unmount(this.id);
      }
    });
  }

  private refuseWhileRemoved(): void {
    if (this.removing) throw new Failure('state', 'being-removed', `container ${this.shortId}: it is being removed`);
  }

  /** Ends it if need be and clears everything away but its record. */
  async clear(force: boolean): Promise<void> {
    if (this.live && !force) {
      throw new Failure(
        'state',
        'container-running',
        `You cannot remove a ${this.status} container ${this.id}. Stop the container before attempting removal or force remove`,
      );
    }
    this.removing = true;
    try {
      this.cancelRestart();
      if (this.live) {
        this.userStopped();
        const ended = this.ended;
        if (this.status === 'paused') await this.unfreeze();
        await this.send(SIGKILL);
        await ended;
      }
      await this.order.run(async () => this.clearAway());
    } catch (error) {
      this.removing = false;
      throw error;
    }
  }

  /** After everything else of it is gone. */
  removed(): void {
    this.streams.renew();
    const waiters = [...this.removalWaiters.splice(0), ...this.exitWaiters.splice(0)];
    for (const settle of waiters) settle(this.record.state.exitCode);
  }

  save(state = this.record.state): void {
    if (!this.removing) this.shared.records.save({ ...this.record, state });
  }

  fire(action: string, more: Readonly<Record<string, string>> = {}): void {
    const { config, name } = this.record;
    this.shared.events.fire('container', action, this.id, { ...config.Labels, image: config.Image, name, ...more });
  }

  /** What its networks see of it. */
  private fireOfNetworks(action: 'connect' | 'disconnect'): void {
    for (const [name, { networkId }] of Object.entries(this.joined.endpoints)) {
      this.shared.events.fire('network', action, networkId, { container: this.id, name, type: 'bridge' });
    }
  }

  /** The engine goes; the container stays. */
  detach(): void {
    clearTimeout(this.restartTimer);
    this.health?.dispose();
    this.logWriter?.dispose();
  }

  private async run(): Promise<void> {
    const { state } = this.record;
    try {
      const prepared = await prepareStart(this, this.shared);
      this.joined = prepared.joined;
      this.fireOfNetworks('connect');
      const { pid, io } = await this.shared.runtime.create(prepared.request);
      this.pid = pid;
      this.watch(io, () => this.shared.runtime.start(this.id));
      const companion = await this.shared.networks.attach?.(this.id, pid);
      if (companion !== undefined) await this.shared.runtime.accompany(this.id, companion);
      await this.shared.runtime.start(this.id);
    } catch (error) {
      const failure = startFailure(asFailure(error));
      state.error = failure.message;
      state.exitCode = exitCodeOf(failure);
      this.watching?.dispose();
      this.watching = undefined;
      await this.clearAway();
      this.streams.renew();
      this.logWriter?.dispose();
      this.logWriter = undefined;
      if (state.status !== 'created') this.setExited();
      else this.save();
      for (const settle of this.exitWaiters.splice(0)) settle(state.exitCode);
      if (this.record.hostConfig.AutoRemove) void this.shared.removeContainer(this.id);
      throw failure;
    }
    state.status = 'running';
    state.startedAt = now();
    state.error = '';
    state.oomKilled = false;
    this.save();
    this.fire('start');
    this.health = HealthMonitor.start(this, this.shared);
    this.resolveStarted();
  }

  private watching: Disposable | undefined;
  private resolveStarted: () => void = () => undefined;

  /** Hears the process to its end. `started` is given when it is still to be started. */
  private watch(io: ProcessIo, started?: () => Promise<void>): void {
    let writer: LogWriter | undefined;
    const { LogConfig } = this.record.hostConfig;
    if (LogConfig.Type !== 'none') writer = new LogWriter(this.folder.log, rotationOf(LogConfig.Config));
    this.logWriter = writer;
    writer?.grown.on(() => this.logGrowth.fire());
    const listening = this.streams.listen({
      hear: (output, bytes) => {
        writer?.write(output, bytes);
        return true;
      },
      end: () => undefined,
    });
    let given = false;
    this.watching = {
      dispose: () => {
        given = true;
        listening.dispose();
      },
    };
    this.streams.join(io);
    const begun =
      started === undefined
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            this.resolveStarted = resolve;
          });
    this.ended = this.shared.runtime.wait(this.id).then(async (exit) => {
      if (given) return;
      await begun;
      await settlesWithin(this.streams.drained(), DRAIN_MS);
      listening.dispose();
      await this.over(exit);
    });
    this.ended.catch((error) => log('error', 'container-end', { id: this.id, why: asFailure(error).message }));
  }

  private async over(exit: Exit): Promise<void> {
    const { state, hostConfig } = this.record;
    const ranMs = Date.now() - Date.parse(state.startedAt);
    this.logWriter?.dispose();
    this.logWriter = undefined;
    this.health?.dispose();
    this.health = undefined;
    state.exitCode = exit.code;
    state.oomKilled = exit.oomKilled;
    if (exit.oomKilled) this.fire('oom');
    const delay = restartDelay(hostConfig.RestartPolicy, {
      exitCode: exit.code,
      ranMs,
      stoppedByUser: state.stoppedByUser || this.removing,
      restarts: state.restarts,
      delayMs: this.restartWait,
    });
    const after = { finishedAt: now(), status: delay === undefined ? 'exited' : 'restarting' } as const;
    // On disk before the runtime forgets how it ended; to others it is over when everything is cleared away.
    this.save({ ...state, ...after });
    await this.clearAway();
    Object.assign(state, after);
    this.pid = 0;
    this.logGrowth.fire();
    this.streams.renew();
    this.fire('die', { exitCode: `${exit.code}` });
    if (delay !== undefined) this.restartLater(delay);
    else {
      const waiters = this.exitWaiters.splice(0);
      for (const settle of waiters) settle(exit.code);
      if (hostConfig.AutoRemove && !this.removing) void this.shared.removeContainer(this.id);
    }
  }

  private restartLater(delayMs: number): void {
    this.restartWait = delayMs;
    this.restartTimer = setTimeout(() => {
      void this.order
        .run(async () => {
          if (this.status !== 'restarting' || this.removing) return;
          this.record.state.restarts++;
          await this.run();
        })
        .catch(() => undefined);
    }, delayMs);
  }

  private cancelRestart(): void {
    clearTimeout(this.restartTimer);
    this.restartTimer = undefined;
  }

  private setExited(): void {
    const { state } = this.record;
    state.status = 'exited';
    state.finishedAt = now();
    this.pid = 0;
    this.save();
    for (const settle of this.exitWaiters.splice(0)) settle(state.exitCode);
  }

  private userStopped(): void {
    this.record.state.stoppedByUser = true;
    this.save();
  }

  private async unfreeze(): Promise<void> {
    await this.shared.runtime.resume(this.id);
    this.record.state.status = 'running';
    this.save();
  }

  private async send(signal: number): Promise<void> {
    try {
      await this.shared.runtime.kill(this.id, signal);
    } catch (error) {
      // It ended by itself in this very moment.
      if (this.live && asFailure(error).failureClass !== 'state' && asFailure(error).failureClass !== 'not-found')
        throw error;
    }
  }

  /** Gives back whatever a run holds of the host. Everything there is tried; nothing there is no error. */
  private async clearAway(): Promise<void> {
    const { runtime, networks, images } = this.shared;
    const failures: unknown[] = [];
    await runtime.delete(this.id, { force: true }).catch((error) => failures.push(error));
    await networks.leave(this.id).catch((error) => failures.push(error));
    try {
      images.snapshots.unmount(this.id);
    } catch (error) {
      failures.push(error);
    }
    this.fireOfNetworks('disconnect');
    this.joined = noNetwork;
    for (const error of failures) log('error', 'container-clearing', { id: this.id, why: asFailure(error).message });
  }
}

/** A process that gave its output to another outside the container keeps it open; that one is not waited for. */
const DRAIN_MS = 10_000;

function now(): string {
  return rfc3339Nano(performance.timeOrigin + performance.now());
}

export function notModified(): Failure {
  return new Failure('state', 'not-modified', 'there is nothing to do');
}

/** Whether `work` settles in time; without a limit it is waited for. */
async function settlesWithin(work: Promise<unknown>, limitMs: number | undefined): Promise<boolean> {
  if (limitMs === undefined) {
    await work;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
