import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asFailure } from '../../../../src-main/base/failure.ts';
import { currentBootId, readLastRun, writeLastRun } from '../../../../src-main/inventory/last-run.ts';
import { MachineStore } from '../../../../src-main/inventory/machine-store.ts';
import { bulkheadPaths, makeRuntimeFolder } from '../../../../src-main/inventory/paths.ts';
import { Fleet, type MachineDelta } from '../../../../src-main/vmm/client/fleet.ts';
import type { LaunchOptions } from '../../../../src-main/vmm/client/launch.ts';
import type { MachineAction, MachineState } from '../../../../src-main/vmm/client/machine-state.ts';
import { mayAct } from '../../../../src-main/vmm/client/machine-state.ts';
import { SLOWNESS } from '../../../support/slowness.ts';
import { temporaryHome } from '../../../support/temporary-home.ts';

const { env } = temporaryHome();
const script = join(import.meta.dirname, '../../../support/fake-vm-host.mjs');
const store = new MachineStore(bulkheadPaths(env));

function fleetOf(behaviour: string, more: LaunchOptions = {}): Fleet {
  return new Fleet(store, { script, env: { ...env, FAKE_VM_HOST: behaviour }, ...more });
}
const fleet = fleetOf('ready');

let count = 0;
let id: string;
beforeEach(() => {
  const boot = { kind: 'kernel', kernel: '/boot/vmlinuz' } as const;
  id = store.create({ name: `m${count++}`, memoryMiB: 64, boot }).id;
});
afterEach(async () => {
  for (const machine of await fleet.list()) if (machine.pid !== undefined) await fleet.kill(machine.id);
});

const stateOf = async (): Promise<MachineState> => (await fleet.summary(id)).state;
const failureOf = (attempt: Promise<unknown>) => attempt.then(() => undefined, asFailure);
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Settles once `holds`: the other side is another process. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('starting', () => {
  it('settles once the guest runs, with what it runs on', async () => {
    const { pid, accelerator } = await fleet.start(id);
    expect(accelerator).toBe('translated');
    expect(await fleet.summary(id)).toMatchObject({ state: 'running', accelerator: 'translated', pid, memoryMiB: 64 });
    expect(await fleet.report(id)).toMatchObject({ boot: 'nothing', pid });
  });

  it('a second time is refused while it runs', async () => {
    await fleet.start(id);
    const refused = await failureOf(fleet.start(id));
    expect(refused).toMatchObject({
      failureClass: 'state',
      message: expect.stringMatching(/cannot start: it is running$/),
    });
  });

  it('twice at once makes one machine', async () => {
    const results = await Promise.allSettled([fleet.start(id), fleet.start(id)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await stateOf()).toBe('running');
  });

  it('fails with the VM host’s own failure, named, and leaves it stopped', async () => {
    const failure = await failureOf(fleetOf('failure').start(id));
    expect(failure).toMatchObject({ failureClass: 'host', code: 'kvm-missing', hint: 'use --accel auto' });
    expect(failure!.message).toMatch(/^machine "m\d+": KVM: not there$/);
    expect(await stateOf()).toBe('stopped');
    expect(existsSync(store.paths.machine(id).runtime)).toBe(false);
  });

  it('fails with what its log says when the VM host dies', async () => {
    const failure = await failureOf(fleetOf('dies').start(id));
    expect(failure!.code).toBe('vm-host-ended');
    expect(failure!.message).toMatch(/its VM host ended before the guest ran \(exit status 1\): Error: out of order$/);
  });

  it('fails with the reason when the VM host cannot even be started', async () => {
    const failure = await failureOf(new Fleet(store, { node: '/nowhere/node' }).start(id));
    expect(failure).toMatchObject({ failureClass: 'host', code: 'vm-host-not-started' });
    expect(failure!.message).toMatch(/its VM host cannot be started: .*ENOENT/);
    expect(await stateOf()).toBe('stopped');
  });

  it.each([
    ['mute', 'start-timeout', 1500],
    ['garbage', 'vm-host-strange', 60_000],
  ])('a VM host that is %s is ended, and nothing is left of it', async (behaviour, code, timeoutMs) => {
    const failure = await failureOf(fleetOf(behaviour, { timeoutMs }).start(id));
    expect(failure!.code).toBe(code);
    const { runtime, lastRun } = store.paths.machine(id);
    expect(existsSync(runtime)).toBe(false);
    const pid = existsSync(lastRun) ? (JSON.parse(readFileSync(lastRun, 'utf8')) as { pid: number }).pid : undefined;
    expect(pid !== undefined && isAlive(pid)).toBe(false);
    expect(await stateOf()).not.toBe('starting');
  });

  it('can be taken back until the guest runs', async () => {
    const cancel = new AbortController();
    const starting = failureOf(fleetOf('mute').start(id, { signal: cancel.signal }));
    await until(() => existsSync(store.paths.machine(id).pid));
    cancel.abort();
    expect((await starting)!.code).toBe('start-cancelled');
    expect(existsSync(store.paths.machine(id).runtime)).toBe(false);
  });

  it('a broken machine is refused with the reason', async () => {
    writeFileSync(store.paths.machine(id).config, '{');
    expect(await failureOf(fleet.start(id))).toMatchObject({ failureClass: 'state', code: 'machine-broken' });
  });

  it('is refused where a socket’s path would be too long', async () => {
    const far = bulkheadPaths({ ...env, XDG_RUNTIME_DIR: `/tmp/${'x'.repeat(80)}` });
    const failure = await failureOf(new Fleet(new MachineStore(far), { script }).start(id));
    expect(failure).toMatchObject({ failureClass: 'host', code: 'socket-path-too-long' });
  });
});

describe('a running machine', () => {
  it('is paused, resumed, reset, shut down and switched off', async () => {
    await fleet.start(id);
    await fleet.pause(id);
    expect(await stateOf()).toBe('paused');
    await fleet.resume(id);
    await fleet.reset(id);
    expect(await stateOf()).toBe('running');
    await fleet.stop(id);
    expect(await fleet.wait(id)).toMatchObject({ state: 'stopped' });
    await fleet.start(id);
    await fleet.kill(id);
    expect(await stateOf()).toBe('stopped');
  });

  it('gives its console, the scrollback first', async () => {
    await fleet.start(id);
    const serial = await fleet.console(id);
    let text = '';
    serial.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    serial.write('hello');
    await until(() => text.includes('<hello>'));
    expect(text).toBe('booting\r\nfake login: <hello>');
    serial.destroy();
  });

  it('that ends by itself is waited for, and its reason kept', async () => {
    await fleet.start(id);
    const waiting = fleet.wait(id);
    (await fleet.console(id)).end('panic');
    expect(await waiting).toMatchObject({ state: 'crashed', reason: 'the guest panicked' });
    await fleet.start(id);
    expect(await fleet.summary(id)).not.toHaveProperty('reason');
  });

  it('whose VM host was killed is crashed, leaves nothing behind, and starts again', async () => {
    const { pid } = await fleet.start(id);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await stateOf()) === 'crashed');
    expect(await fleet.summary(id)).toMatchObject({
      state: 'crashed',
      reason: `the VM host process (pid ${pid}) ended without a word: it was killed or ran out of memory`,
    });
    expect(existsSync(store.paths.machine(id).runtime)).toBe(false);
    expect((await fleet.start(id)).pid).not.toBe(pid);
  });

  it('whose VM host does not answer says so, and is off once it was killed as asked', {
    timeout: 30_000 * SLOWNESS,
  }, async () => {
    const { pid } = await fleetOf('silent').start(id);
    expect(await fleet.summary(id)).toMatchObject({
      state: 'running',
      pid,
      reason: expect.stringContaining('does not answer'),
    });
    await fleet.kill(id);
    expect((await fleet.summary(id)).state).toBe('stopped');
    expect(existsSync(store.paths.machine(id).runtime)).toBe(false);
  });

  it('without a lock holder, from before a restart of the computer, says so', async () => {
    const paths = store.paths.machine(id);
    makeRuntimeFolder(paths);
    const startedAt = new Date(0).toISOString();
    writeLastRun(paths, { version: 1, startedAt, pid: 1234, bootId: 'another', outcome: 'running' });
    expect(currentBootId()).not.toBe('another');
    expect(await fleet.summary(id)).toMatchObject({ state: 'crashed', reason: 'the computer was restarted' });
    expect(readLastRun(paths)).toMatchObject({ outcome: 'failed', pid: 1234, endedAt: expect.any(String) });
  });
});

describe('actions', () => {
  const STATES = ['stopped', 'starting', 'running', 'paused', 'stopping', 'crashed', 'broken'] as const;
  const allowed: Record<MachineAction, readonly MachineState[]> = {
    start: ['stopped', 'crashed'],
    stop: ['running', 'stopping'],
    kill: ['starting', 'running', 'paused', 'stopping'],
    reset: ['running', 'paused', 'stopping'],
    pause: ['running', 'stopping'],
    resume: ['paused'],
    delete: ['stopped', 'crashed', 'broken'],
    reach: ['running', 'paused', 'stopping'],
  };

  it.each(Object.entries(allowed))('%s is for machines that are %j only', (action, states) => {
    for (const state of STATES)
      expect([state, mayAct(action as MachineAction, state)]).toEqual([state, states.includes(state)]);
  });

  it('in the wrong state fail, naming both', async () => {
    for (const action of ['stop', 'kill', 'reset', 'pause', 'resume', 'console'] as const) {
      const failure = await failureOf(fleet[action](id));
      const what = action === 'console' ? 'does not run' : `cannot ${action}`;
      expect(failure).toMatchObject({ failureClass: 'state' });
      const to = { stop: 'stopping', reset: 'running', pause: 'paused', resume: 'running' }[action as string];
      const way = to === undefined ? '' : ` \\(stopped → ${to}\\)`;
      expect(failure!.message).toMatch(new RegExp(`^machine "m\\d+": ${what}: it is stopped${way}$`));
    }
    await fleet.start(id);
    expect((await failureOf(fleet.delete(id)))!.message).toMatch(/cannot delete: it is running$/);
    await fleet.kill(id);
    await fleet.delete(id);
    expect(store.get(id)).toBeUndefined();
  });
});

describe('watching', () => {
  let deltas: MachineDelta[] = [];
  let watch: { dispose(): void };
  beforeEach(() => {
    deltas = [];
    watch = fleet.watch((delta) => deltas.push(delta));
  });
  afterEach(() => watch.dispose());

  const told = (wanted: string): boolean =>
    deltas.some((delta) =>
      delta.kind === 'removed'
        ? wanted === `removed` && delta.id === id
        : delta.machine.id === id && wanted === `${delta.kind} ${delta.machine.state}`,
    );

  it('tells of machines there are, and of every change without being asked', async () => {
    await until(() => told('added stopped'));
    const { pid } = await fleet.start(id);
    await until(() => told('changed running'));
    await fleet.pause(id);
    await until(() => told('changed paused'));
    await fleet.resume(id);
    process.kill(pid, 'SIGKILL');
    await until(() => told('changed crashed'));
    deltas = [];
    await fleet.start(id);
    await until(() => told('changed running'));
    await fleet.stop(id);
    await until(() => told('changed stopped'));
    store.update(id, { memoryMiB: 48 });
    await until(() => deltas.some((delta) => delta.kind === 'changed' && delta.machine.memoryMiB === 48));
    await fleet.delete(id);
    await until(() => told('removed'));
  });

  it('says nothing while nothing changes, and nothing more once disposed', async () => {
    await until(() => told('added stopped'));
    const before = deltas.length;
    await fleet.list();
    watch.dispose();
    store.update(id, { memoryMiB: 48 });
    await fleet.list();
    expect(deltas.length).toBe(before);
  });
});

it('nothing is left in the run-time folder of machines that are off', () => {
  const { runtimeMachines } = store.paths;
  expect(existsSync(runtimeMachines) ? readdirSync(runtimeMachines) : []).toEqual([]);
});
