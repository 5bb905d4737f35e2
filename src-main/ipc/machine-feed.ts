import type { Disposable } from '../base/disposable.ts';
import { Emitter } from '../base/emitter.ts';
import type { MachineListItem, MachineSummary } from '../contract/machine.ts';
import type { ServedStream, StreamSink } from './contract-server.ts';
import type { MachineDelta, MachineFleet } from './machine-fleet.ts';

/** The machines as they are, kept by one watch however many streams look at it. */
export class MachineFeed implements Disposable {
  private readonly machines = new Map<string, MachineSummary>();
  private readonly changes = new Emitter<MachineDelta>();
  private readonly watch: Disposable;
  readonly ready: Promise<void>;

  constructor(fleet: MachineFleet) {
    const early: MachineDelta[] = [];
    let listed = false;
    this.watch = fleet.watch((delta) => {
      if (listed) this.apply(delta);
      else early.push(delta);
    });
    this.ready = fleet.list().then((machines) => {
      for (const machine of machines) this.machines.set(machine.id, machine);
      listed = true;
      for (const delta of early) this.apply(delta);
    });
    this.ready.catch(() => undefined);
  }

  all(): MachineSummary[] {
    return [...this.machines.values()];
  }

  get(id: string): MachineSummary | undefined {
    return this.machines.get(id);
  }

  onChange(listener: (delta: MachineDelta) => void): Disposable {
    return this.changes.on(listener);
  }

  /** Serves `machine.list`. */
  stream(sink: StreamSink<MachineListItem>): ServedStream<never> {
    let listener: Disposable | undefined;
    let closed = false;
    this.ready.then(
      () => {
        if (closed) return;
        sink.emit({ kind: 'snapshot', machines: this.all() });
        listener = this.onChange((delta) => sink.emit(delta));
      },
      (error) => sink.end(error),
    );
    return {
      dispose: () => {
        closed = true;
        listener?.dispose();
      },
    };
  }

  dispose(): void {
    this.watch.dispose();
  }

  private apply(delta: MachineDelta): void {
    if (delta.kind === 'removed') this.machines.delete(delta.id);
    else this.machines.set(delta.machine.id, delta.machine);
    this.changes.fire(delta);
  }
}
