import { systemClock } from '../../base/clock.ts';

/** One step of a machine's start and how long it took, in milliseconds. */
export interface StartupStep {
  readonly step: string;
  readonly ms: number;
}

/** Where the time between the order to start and the guest's first instruction goes. */
export class StartupTimes {
  private readonly steps: StartupStep[] = [];
  private last: number;

  /** @param since `Clock.monotonicMs` of the order to start */
  constructor(readonly since: number) {
    this.last = since;
  }

  /** Ends the step that has been going on since the last mark. */
  mark(step: string): void {
    const now = systemClock.monotonicMs();
    this.steps.push({ step, ms: now - this.last });
    this.last = now;
  }

  get list(): readonly StartupStep[] {
    return this.steps;
  }
}
