import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { ConsoleItem, MachineState, MachineSummary } from '../../../src-main/contract/machine.ts';
import { MachineConsole } from '../../../src-main/ipc/machine-console.ts';
import { MachineFeed } from '../../../src-main/ipc/machine-feed.ts';
import type { MachineDelta, MachineFleet } from '../../../src-main/ipc/machine-fleet.ts';

const id = '01234567-89ab-4cde-8f01-23456789abcd';

function machine(state: MachineState): MachineSummary {
  return { id, name: 't', state, accelerator: 'kvm', cpus: 1, memoryMiB: 64 };
}

/** One machine whose state the test sets, with a console of two pipes per start. */
class OneMachine {
  readonly items: ConsoleItem[] = [];
  readonly fromGuest: PassThrough[] = [];
  readonly toGuest: PassThrough[] = [];
  private listener: ((delta: MachineDelta) => void) | undefined;
  readonly feed: MachineFeed;
  readonly console: MachineConsole;

  constructor(state: MachineState) {
    const fleet = {
      list: async () => [machine(state)],
      watch: (listener: (delta: MachineDelta) => void) => {
        this.listener = listener;
        return { dispose: () => undefined };
      },
      console: async () => this.connect(),
      report: async () => ({ serial: { bytes: 300_000 } }),
    } as unknown as MachineFleet;
    this.feed = new MachineFeed(fleet);
    this.console = new MachineConsole(fleet, this.feed, id, {
      emit: (item) => this.items.push(item),
      end: () => undefined,
    });
  }

  become(state: MachineState): void {
    this.listener?.({ kind: 'changed', machine: machine(state) });
  }

  get text(): string {
    return Buffer.concat(this.items.flatMap((item) => (item.kind === 'bytes' ? [item.bytes] : []))).toString();
  }

  private connect(): Duplex {
    const [from, to] = [new PassThrough(), new PassThrough()];
    this.fromGuest.push(from);
    this.toGuest.push(to);
    return Duplex.from({ readable: from, writable: to });
  }
}

/** Lets everything that is due happen. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('the console of a machine', () => {
  test('is attached at once to a running machine, and passes both ways', async () => {
    const one = new OneMachine('running');
    await settled();
    one.fromGuest[0]?.write('login: ');
    one.console.message({ kind: 'input', bytes: Buffer.from('root\n') });
    await settled();
    expect(one.items[0]).toEqual({ kind: 'attached', replay: 262_144 });
    expect(one.text).toBe('login: ');
    expect(one.toGuest[0]?.read()?.toString()).toBe('root\n');
  });

  test('waits for a machine that is off', async () => {
    const one = new OneMachine('stopped');
    await settled();
    expect(one.items).toEqual([]);
    one.become('running');
    await settled();
    expect(one.items).toEqual([{ kind: 'attached', replay: 262_144 }]);
  });

  test('detaches with all that was printed when the machine goes off, and attaches to its next start', async () => {
    const one = new OneMachine('running');
    await settled();
    one.become('stopped');
    one.fromGuest[0]?.end('bye');
    await settled();
    expect(one.items.map(({ kind }) => kind)).toEqual(['attached', 'bytes', 'detached']);
    one.become('running');
    await settled();
    expect(one.items.at(-1)).toEqual({ kind: 'attached', replay: 262_144 });
    expect(one.fromGuest).toHaveLength(2);
  });

  test('attaches once, however often its state is told', async () => {
    const one = new OneMachine('running');
    one.become('running');
    one.become('paused');
    one.become('running');
    await settled();
    expect(one.fromGuest).toHaveLength(1);
  });

  test('input for a machine that is off goes nowhere', async () => {
    const one = new OneMachine('stopped');
    await settled();
    one.console.message({ kind: 'input', bytes: Buffer.from('x') });
    one.console.message({ kind: 'drawn', bytes: 3 });
    expect(one.items).toEqual([]);
  });
});
