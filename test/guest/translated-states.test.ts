import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ContractServer } from '../../src-main/ipc/contract-server.ts';
import { machineCalls } from '../../src-main/ipc/machine-handlers.ts';
import type { Services } from '../../src-main/ipc/services.ts';
import type { MachineState } from '../../src-main/vmm/client/machine-state.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

/** How an order is given: by the window's contract, by the command line, by a QMP client. */
const DOORS = ['window', 'command line', 'QMP'] as const;
type Door = (typeof DOORS)[number];

const ORDERS = ['start', 'pause', 'resume', 'reset', 'stop', 'kill', 'delete'] as const;
type Order = (typeof ORDERS)[number];

/** QMP has no word for starting and deleting: who could be asked does not run. */
const QMP_WORDS: Partial<Record<Order, string>> = {
  pause: 'stop',
  resume: 'cont',
  reset: 'system_reset',
  stop: 'system_powerdown',
  kill: 'quit',
};

const STATES = ['stopped', 'running', 'paused', 'stopping', 'gave up', 'panicked', 'crashed', 'broken'] as const;
type State = (typeof STATES)[number];

/** How the list calls each. */
const SHOWN: Record<State, MachineState> = {
  stopped: 'stopped',
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  'gave up': 'paused',
  panicked: 'running',
  crashed: 'crashed',
  broken: 'broken',
};

/** What each order leads to, by the list's words; what is not here is refused. */
const LEADS: Record<State, Partial<Record<Order, MachineState | 'deleted'>>> = {
  stopped: { start: 'running', delete: 'deleted' },
  running: { pause: 'paused', reset: 'running', stop: 'stopping', kill: 'stopped' },
  paused: { resume: 'running', reset: 'paused', kill: 'stopped' },
  stopping: { pause: 'paused', reset: 'running', stop: 'stopping', kill: 'stopped' },
  // The guest does the same again after a reset.
  'gave up': { reset: 'paused', kill: 'stopped' },
  panicked: { pause: 'paused', reset: 'running', kill: 'stopped' },
  crashed: { start: 'running', delete: 'deleted' },
  broken: { delete: 'deleted' },
};

/** QMP lets one order what is so already, as QEMU does. */
const IDLE: Partial<Record<State, readonly Order[]>> = {
  running: ['resume'],
  paused: ['pause'],
  stopping: ['resume'],
};

let hosts: VmHosts;
let window: ContractServer;
let id: string;

beforeAll(async () => {
  hosts = await VmHosts.open();
  const services = { fleet: hosts.fleet } as unknown as Services;
  const calls = machineCalls(services, { get: () => undefined } as never);
  window = new ContractServer(calls as never, {} as never);
});
// Each machine a test leaves running is a process of its own.
afterEach(() => hosts.fleet.kill(id).catch(() => undefined));
afterAll(() => hosts?.close());

const state = async (): Promise<MachineState> => (await hosts.fleet.summary(id)).state;

async function becomes(wanted: MachineState): Promise<void> {
  let last: MachineState | undefined;
  await eventually(
    () => `a machine that is ${wanted}: it is ${last}`,
    async () => {
      last = await state();
      return last === wanted ? true : undefined;
    },
  );
}

async function bring(into: State): Promise<void> {
  const code = into === 'gave up' ? kernels.tripleFaultForever : into === 'panicked' ? kernels.panic : kernels.idle;
  id = hosts.create(code, { accelerator: 'translated' });
  if (into === 'stopped') return;
  if (into === 'broken') return writeFileSync(hosts.paths(id).config, '{');
  await hosts.fleet.start(id);
  if (into === 'paused') await hosts.fleet.pause(id);
  if (into === 'stopping') await hosts.fleet.stop(id);
  if (into === 'crashed') process.kill(hosts.pid(id), 'SIGKILL');
  if (into === 'panicked') {
    const qmp = await hosts.negotiated(id);
    await eventually('a panic', async () =>
      ((await qmp.execute('query-status')).return as { status: string }).status === 'guest-panicked' ? true : undefined,
    );
    qmp.socket.destroy();
  }
  await becomes(SHOWN[into]);
}

/** Gives an order; undefined when it was carried out, or why it was refused. */
async function give(door: Door, order: Order): Promise<string | undefined> {
  if (door === 'window') {
    const outcome = await window.call(`machine.${order}`, { id });
    if (outcome.ok) return undefined;
    expect(outcome.failure.failureClass).toBe('state');
    return outcome.failure.message;
  }
  if (door === 'command line') {
    const { status, stderr } = await hosts.commandLine('vm', order, id, ...(order === 'delete' ? ['--yes'] : []));
    if (status === 0) return undefined;
    expect(status, stderr).toBe(4);
    return stderr;
  }
  const qmp = await hosts.negotiated(id);
  const { error } = await qmp.execute(QMP_WORDS[order]!);
  qmp.socket.destroy();
  if (error === undefined) return undefined;
  expect(error).toMatchObject({ class: 'DeviceNotActive' });
  return (error as { desc: string }).desc;
}

describe.each(STATES)('a machine that is %s', (from) => {
  beforeEach(() => bring(from));

  const runs = !['stopped', 'crashed', 'broken'].includes(from);
  const doors = DOORS.filter((door) => door !== 'QMP' || runs);
  it.each(doors)('takes and refuses every order as it should: %s', { timeout: 120_000 * SLOWNESS }, async (door) => {
    for (const order of ORDERS.filter((order) => door !== 'QMP' || QMP_WORDS[order] !== undefined)) {
      const to = LEADS[from][order];
      if (to !== undefined) continue;
      const refused = await give(door, order);
      if (door === 'QMP' && IDLE[from]?.includes(order)) expect(refused, order).toBeUndefined();
      else expect(refused, `${order} from ${from}`).toMatch(/cannot \w+.*: it is |broken/);
      expect(await state(), order).toBe(SHOWN[from]);
    }
    for (const [order, to] of Object.entries(LEADS[from]) as [Order, MachineState | 'deleted'][]) {
      if (door === 'QMP' && QMP_WORDS[order] === undefined) continue;
      expect(await give(door, order), order).toBeUndefined();
      if (to === 'deleted') expect(hosts.store.get(id)).toBeUndefined();
      else await becomes(to);
      if (order === 'delete') break;
      if (runs) await hosts.fleet.kill(id).catch(() => undefined);
      else if (to === 'running') await hosts.fleet.kill(id);
      await bring(from);
    }
  });
});

describe('orders from everywhere at once', () => {
  it('are each carried out or refused, and leave a machine that still obeys', {
    timeout: 180_000 * SLOWNESS,
  }, async () => {
    await bring('running');
    const ROUNDS = 8;
    for (let round = 0; round < ROUNDS; round++) {
      const orders = (['pause', 'resume', 'reset', 'stop', 'pause', 'resume'] as const).flatMap((order, i) =>
        DOORS.filter((door) => door !== 'command line' || i === round % 6).map((door) => give(door, order)),
      );
      for (const refused of await Promise.all(orders)) if (refused !== undefined) expect(refused).toContain('cannot ');
      expect(['running', 'paused', 'stopping']).toContain(await state());
    }
    await Promise.allSettled([give('window', 'kill'), give('QMP', 'kill'), give('command line', 'kill')]);
    await becomes('stopped');
  });

  it('start and kill from two sides at once: one start, and never a machine left behind', {
    timeout: 180_000 * SLOWNESS,
  }, async () => {
    await bring('stopped');
    for (let round = 0; round < 5; round++) {
      const starts = await Promise.all([
        give('window', 'start'),
        give('command line', 'start'),
        give('window', 'start'),
      ]);
      expect(starts.filter((refused) => refused === undefined)).toHaveLength(1);
      const kills = await Promise.all([
        give('window', 'kill'),
        give('command line', 'kill'),
        give('QMP', 'kill').catch(() => 'gone'),
      ]);
      expect(kills).toContain(undefined);
      await becomes('stopped');
    }
  });
});
