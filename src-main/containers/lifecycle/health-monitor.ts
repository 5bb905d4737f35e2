import type { Disposable } from '../../base/disposable.ts';
import { asFailure } from '../../base/failure.ts';
import type { Container } from './container.ts';
import type { HealthConfig } from './container-config.ts';
import type { EngineShared } from './engine-shared.ts';
import { type ExecOutcome, runToEnd } from './run-to-end.ts';

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

export interface HealthProbe {
  readonly start: string;
  readonly end: string;
  readonly exitCode: number;
  readonly output: string;
}

const NS = 1e6;
/** Docker's documented defaults. */
const DEFAULTS = { intervalMs: 30_000, timeoutMs: 30_000, startIntervalMs: 5000, retries: 3 };
const KEPT = 5;
const OUTPUT_MAX = 4096;

/** Asks a running container again and again how it is. Docker API 1.47 Health. */
export class HealthMonitor implements Disposable {
  status: HealthStatus = 'starting';
  failingStreak = 0;
  readonly probes: HealthProbe[] = [];
  private timer: NodeJS.Timeout | undefined;
  private over = false;
  private readonly startedAt = performance.now();

  /** undefined for a container without a health check. */
  static start(container: Container, shared: EngineShared): HealthMonitor | undefined {
    const check = container.record.config.Healthcheck;
    const kind = check?.Test?.[0];
    if (check === undefined || (kind !== 'CMD' && kind !== 'CMD-SHELL')) return undefined;
    const monitor = new HealthMonitor(check, container, (args, timeoutMs) =>
      runToEnd(container, shared, args, timeoutMs),
    );
    monitor.next();
    return monitor;
  }

  constructor(
    private readonly check: HealthConfig,
    private readonly container: Pick<Container, 'fire' | 'status'>,
    private readonly probe: (args: string[], timeoutMs: number) => Promise<ExecOutcome>,
  ) {}

  dispose(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private get starting(): boolean {
    return performance.now() - this.startedAt < this.check.StartPeriod / NS;
  }

  private next(): void {
    const { Interval, StartInterval } = this.check;
    const usual = Interval / NS || DEFAULTS.intervalMs;
    const early = this.starting && this.status === 'starting';
    const wait = early ? StartInterval / NS || Math.min(usual, DEFAULTS.startIntervalMs) : usual;
    this.timer = setTimeout(() => void this.once().finally(() => this.over || this.next()), wait);
  }

  private async once(): Promise<void> {
    if (this.container.status !== 'running') return;
    const [kind, ...words] = this.check.Test ?? [];
    const args = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words;
    const start = new Date().toISOString();
    const timeoutMs = this.check.Timeout / NS || DEFAULTS.timeoutMs;
    const outcome = await this.probe(args, timeoutMs).catch(
      (error): ExecOutcome => ({ exitCode: -1, output: asFailure(error).message }),
    );
    if (this.over) return;
    const output = outcome.output.slice(0, OUTPUT_MAX);
    this.note({ start, end: new Date().toISOString(), exitCode: outcome.exitCode, output });
  }

  /** What a probe found. */
  note(probe: HealthProbe): void {
    this.probes.push(probe);
    if (this.probes.length > KEPT) this.probes.shift();
    if (probe.exitCode === 0) {
      this.failingStreak = 0;
      this.become('healthy');
      return;
    }
    if (this.starting && this.status === 'starting') return;
    this.failingStreak++;
    if (this.failingStreak >= (this.check.Retries || DEFAULTS.retries)) this.become('unhealthy');
  }

  private become(status: HealthStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.container.fire(`health_status: ${status}`);
  }
}
