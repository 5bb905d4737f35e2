/** A VM host that is started before it is certain which machine is meant: what it may do by then, and what becomes of it. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foreseeStart } from '../../src-main/cli/vm/foresee-start.ts';
import { Fleet } from '../../src-main/vmm/client/fleet.ts';
import { dismissVmHost, startVmHost, type VmHostProcess } from '../../src-main/vmm/client/vm-host-process.ts';
import { blockUntilGone, isGone } from '../support/process-end.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

describe('a VM host that was started ahead', () => {
  let hosts: VmHosts;
  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts.close());

  const create = (): string => hosts.create(kernels.idle, { accelerator: 'translated' });
  const ahead = (id: string): Promise<VmHostProcess> => startVmHost(hosts.paths(id), id, hosts.hostOptions);
  const pidOf = ({ child }: VmHostProcess): number => child.pid!;
  const gone = (pid: number) => eventually(`the end of ${pid}`, () => isGone(pid) || undefined);
  const turnOfTheLoop = () => new Promise((resolve) => setTimeout(resolve, 20));
  const start = (id: string, foreseen: VmHostProcess) =>
    new Fleet(hosts.store, hosts.hostOptions).start(id, { foreseen });

  test('runs the machine when it is ordered to, as it is set by then', async () => {
    const id = create();
    const host = await ahead(id);
    hosts.store.update(id, { memoryMiB: 24 });
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'stopped' });
    expect(existsSync(hosts.paths(id).runtime)).toBe(false);
    expect((await start(id, host)).pid).toBe(pidOf(host));
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'running', pid: pidOf(host), memoryMiB: 24 });
  });

  test('ends when it is let go, and the machine is as it was', async () => {
    const id = create();
    const host = await ahead(id);
    dismissVmHost(host);
    await gone(pidOf(host));
    expect(existsSync(hosts.paths(id).runtime)).toBe(false);
    expect(existsSync(hosts.paths(id).lastRun)).toBe(false);
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'stopped' });
  });

  test('is let go when another machine is meant', async () => {
    const [id, other] = [create(), create()];
    const host = await ahead(other);
    const { pid } = await start(id, host);
    expect(pid).not.toBe(pidOf(host));
    await gone(pidOf(host));
    expect(await hosts.fleet.summary(other)).toMatchObject({ state: 'stopped' });
  });

  test.each([
    ['and its starter knows', (pid: number) => gone(pid).then(turnOfTheLoop)],
    ['and its starter has yet to hear of it', blockUntilGone],
  ])('is done without when it has ended meanwhile, %s', async (_what, end) => {
    const id = create();
    const host = await ahead(id);
    process.kill(pidOf(host), 'SIGKILL');
    await end(pidOf(host));
    const { pid } = await start(id, host);
    expect(pid).not.toBe(pidOf(host));
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'running', pid });
  });

  test('is started for a plain `vm start` of a machine that does not run, and for nothing else', async () => {
    const [id, running, broken] = [create(), create(), create()];
    await hosts.fleet.start(running);
    const { name } = hosts.store.intact(id);
    const runningName = hosts.store.intact(running).name;
    writeFileSync(join(hosts.paths(broken).folder, 'machine.json'), '{');
    const { env } = hosts.hostOptions;
    for (const argv of [[], ['vm'], ['vm', 'start'], ['vm', 'stop', name], ['vm', 'start', 'nobody'], ['run', name]]) {
      expect(await foreseeStart(argv, env)).toBeUndefined();
    }
    expect(await foreseeStart(['vm', 'start', runningName], env)).toBeUndefined();
    for (const called of [name, id]) {
      const host = await foreseeStart(['vm', 'start', called, '--wait-for', 'login:'], env);
      expect(host?.id).toBe(id);
      dismissVmHost(host!);
      await gone(pidOf(host!));
    }
  });
});
