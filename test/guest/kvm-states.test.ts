import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { eventually, type QmpLines, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

type State = 'running' | 'paused' | 'stopping' | 'internal-error' | 'guest-panicked';

/** How to get a machine into a state: what it boots, what it is told, and what it then says. */
const ways: Record<State, { kernel: Uint8Array; orders: string[]; status: string; visible: string }> = {
  running: { kernel: kernels.idle, orders: [], status: 'running', visible: 'running' },
  paused: { kernel: kernels.idle, orders: ['stop'], status: 'paused', visible: 'paused' },
  stopping: { kernel: kernels.idle, orders: ['system_powerdown'], status: 'running', visible: 'stopping' },
  'internal-error': { kernel: kernels.tripleFaultForever, orders: [], status: 'internal-error', visible: 'paused' },
  'guest-panicked': { kernel: kernels.panic, orders: [], status: 'guest-panicked', visible: 'running' },
};

/** The events each order brings in each state, in order; `refused` where it is not allowed. */
const table: Record<string, Record<State, string[] | 'refused'>> = {
  stop: {
    running: ['STOP', 'paused'],
    paused: [],
    stopping: ['STOP', 'paused'],
    'internal-error': 'refused',
    'guest-panicked': ['STOP', 'paused'],
  },
  cont: {
    running: [],
    paused: ['RESUME', 'running'],
    stopping: [],
    'internal-error': 'refused',
    'guest-panicked': 'refused',
  },
  system_reset: {
    running: ['RESET'],
    paused: ['RESET'],
    stopping: ['RESET', 'running'],
    'internal-error': ['RESET', 'RESUME', 'running'],
    'guest-panicked': ['RESET', 'running'],
  },
  system_powerdown: {
    running: ['POWERDOWN', 'stopping'],
    paused: 'refused',
    stopping: ['POWERDOWN'],
    'internal-error': 'refused',
    'guest-panicked': 'refused',
  },
  quit: {
    running: ['off', 'SHUTDOWN'],
    paused: ['off', 'SHUTDOWN'],
    stopping: ['off', 'SHUTDOWN'],
    'internal-error': ['off', 'SHUTDOWN'],
    'guest-panicked': ['off', 'SHUTDOWN'],
  },
};

describe('every order in every state of a machine', () => {
  const met = need('kvm');
  let hosts: VmHosts;

  beforeAll(async () => {
    if (met) hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  async function machineIn(state: State): Promise<QmpLines> {
    const { kernel, orders, status, visible } = ways[state];
    const id = await hosts.run(kernel);
    const qmp = await hosts.negotiated(id);
    for (const order of orders) await qmp.execute(order);
    await eventually(`a machine that is ${state}`, async () => {
      const told = (await qmp.execute('query-status')).return as { status: string };
      const shown = (await qmp.execute('x-query-machine')).return as { state: string };
      return told.status === status && shown.state === visible ? true : undefined;
    });
    return qmp;
  }

  /** What an order is answered, and the events that came with it; a change of state by the state's name. */
  async function give(qmp: QmpLines, order: string): Promise<{ refused?: string; events: string[] }> {
    const events: string[] = [];
    qmp.send(`{"execute":"${order}"}\n`);
    for (;;) {
      const { event, data, error, return: answer } = await qmp.next();
      if (event !== undefined)
        events.push(event === 'X_STATE_CHANGED' ? (data as { state: string }).state : String(event));
      if (error !== undefined) return { refused: (error as { desc: string }).desc, events };
      if (answer !== undefined) return { events };
    }
  }

  for (const [order, states] of Object.entries(table)) {
    for (const [state, expected] of Object.entries(states) as [State, string[] | 'refused'][]) {
      const outcome = expected === 'refused' ? 'is refused' : `brings ${expected.join(', ') || 'nothing new'}`;
      it(`${order} when ${state} ${outcome}`, async () => {
        const qmp = await machineIn(state);
        const { refused, events } = await give(qmp, order);
        if (expected === 'refused') {
          expect(refused).toMatch(new RegExp(`^cannot .*: it is ${state} \\(${state} → \\w+\\)$`));
          expect(events).toEqual([]);
        } else {
          expect(refused).toBeUndefined();
          // A guest that was reset is running already, and may have brought something about itself.
          expect(order === 'system_reset' ? events.slice(0, expected.length) : events).toEqual(expected);
        }
        qmp.send('{"execute":"quit"}');
        await qmp.end();
      });
    }
  }

  it('nothing when off: there is nobody to tell', async () => {
    const id = await hosts.run(kernels.idle);
    await hosts.fleet.kill(id);
    for (const order of ['stop', 'kill', 'reset', 'pause', 'resume'] as const) {
      await expect(hosts.fleet[order](id)).rejects.toMatchObject({ failureClass: 'state' });
    }
    await expect(hosts.qmp(id)).rejects.toThrow();
  });

  it('cont leads back to where stop was: still stopping, still panicked', async () => {
    for (const state of ['stopping', 'guest-panicked'] as const) {
      const qmp = await machineIn(state);
      await give(qmp, 'stop');
      expect((await give(qmp, 'cont')).events).toEqual(['RESUME', state]);
      qmp.send('{"execute":"quit"}');
      await qmp.end();
    }
  });
});
