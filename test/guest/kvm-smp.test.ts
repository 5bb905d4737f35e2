import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { isGone } from '../support/process-end.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, type QmpLines, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

/** As many as take a minute or two in the lab, and as many as were promised. */
const ROUNDS = [
  [10, []],
  [50, ['long']],
] as const;
/** Rounds of which one has vCPUs that never sleep, and of which one waits until every vCPU has run. */
const BUSY_EVERY = 10;
const WATCHED_EVERY = 5;
const ROUND_MS = 4000 * SLOWNESS;
const MANY_MS = 120_000 * SLOWNESS;

interface CpuFast {
  readonly 'cpu-index': number;
  readonly 'thread-id': number;
  readonly props: unknown;
}

describe('a machine of many vCPUs', () => {
  const met = need('kvm');
  let hosts: VmHosts;

  beforeAll(async () => {
    if (met) hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  /** Settles once every other vCPU has left for port 0x80: they run the guest's code. */
  function allRun(qmp: QmpLines, count: number): Promise<true> {
    return eventually(`${count} vCPUs at work`, async () => {
      const { vcpus } = (await qmp.execute('x-query-stats')).return as { vcpus: { portExits: number }[] };
      return vcpus.length === count && vcpus.every(({ portExits }) => portExits > 0) ? true : undefined;
    });
  }

  /** Threads of a process by name, with their ids. */
  function threadsOf(pid: number): Map<string, number> {
    const names = readdirSync(`/proc/${pid}/task`).map(
      (task) => [readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim(), Number(task)] as const,
    );
    return new Map(names);
  }

  for (const [rounds, tags] of ROUNDS) {
    it(`${rounds} rounds of start, pause, resume, reset and kill with four vCPUs leave nothing behind`, {
      timeout: MANY_MS + rounds * ROUND_MS,
      tags: [...tags],
    }, async () => {
      const { fleet } = hosts;
      const [asleep, busy] = [kernels.everyProcessorSleeps, kernels.everyProcessorSpins].map((kernel) =>
        hosts.create(kernel, { cpus: 4 }),
      );
      for (let round = 0; round < rounds; round++) {
        const id = round % BUSY_EVERY === 0 ? busy! : asleep!;
        await fleet.start(id);
        const pid = hosts.pid(id);
        if (round % WATCHED_EVERY === 0) await allRun(await hosts.negotiated(id), 4);
        await fleet.pause(id);
        expect(await fleet.summary(id)).toMatchObject({ state: 'paused' });
        await fleet.resume(id);
        await fleet.reset(id);
        expect(await fleet.summary(id)).toMatchObject({ state: 'running', pid });
        await fleet.kill(id);
        expect(await fleet.summary(id)).toMatchObject({ state: 'stopped' });
        await eventually('the end of the VM host', () => (isGone(pid) ? true : undefined));
        expect(existsSync(hosts.paths(id).runtime) ? readdirSync(hosts.paths(id).runtime) : []).toEqual([]);
      }
    });
  }

  for (const [sockets, cores, threads] of [
    [2, 4, 2],
    [4, 8, 2],
  ] as const) {
    const count = sockets * cores * threads;
    it(`${count}: each in a thread of its name, told by query-cpus-fast with its place; paused, reset, killed`, {
      timeout: MANY_MS,
    }, async () => {
      const id = await hosts.run(kernels.everyProcessorSleeps, { topology: { sockets, cores, threads } });
      const qmp = await hosts.negotiated(id);
      await allRun(qmp, count);
      const threadIds = threadsOf(hosts.pid(id));
      const cpus = (await qmp.execute('query-cpus-fast')).return as CpuFast[];
      expect(cpus.map((cpu) => [cpu['cpu-index'], cpu['thread-id'], cpu.props])).toEqual(
        Array.from({ length: count }, (_, index) => {
          const [thread, core, socket] = [
            index % threads,
            Math.floor(index / threads) % cores,
            Math.floor(index / threads / cores),
          ];
          const props = { 'socket-id': socket, 'core-id': core, 'thread-id': thread };
          return [index, threadIds.get(`vcpu${index}`), props];
        }),
      );
      await hosts.fleet.pause(id);
      await hosts.fleet.resume(id);
      await hosts.fleet.reset(id);
      await allRun(qmp, count);
      await hosts.fleet.kill(id);
      await eventually('the end of the VM host', () => (isGone(hosts.lastRun(id).pid) ? true : undefined));
    });
  }
});
