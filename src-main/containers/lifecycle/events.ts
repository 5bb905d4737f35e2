import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/emitter.ts';

export type EventType = 'container' | 'image' | 'volume' | 'network' | 'daemon';

export interface EngineEvent {
  readonly type: EventType;
  /** Docker's words: `create`, `start`, `die`, `exec_create: ls`, … */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, with a fraction. */
  readonly atMs: number;
}

/** How many events are kept for who asks for the past. */
const KEPT = 1024;

/** What happens in the engine, for whoever listens. */
export class EngineEvents {
  private readonly emitter = new Emitter<EngineEvent>();
  private readonly kept: EngineEvent[] = [];
  private lastMs = 0;

  constructor(private readonly now: () => number = () => performance.timeOrigin + performance.now()) {}

  fire(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    // Two events at one moment would have no order for a client that sorts.
    this.lastMs = Math.max(this.now(), this.lastMs + 0.001);
    const event = { type, action, id, attributes, atMs: this.lastMs };
    this.kept.push(event);
    if (this.kept.length > KEPT) this.kept.shift();
    this.emitter.fire(event);
  }

  since(sinceMs: number): EngineEvent[] {
    return this.kept.filter(({ atMs }) => atMs >= sinceMs);
  }

  on(listener: (event: EngineEvent) => void): Disposable {
    return this.emitter.on(listener);
  }
}
