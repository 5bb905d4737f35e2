import { describe, expect, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';

/** By the command line client; fifty of them, with four vCPUs, are in test/guest/kvm-smp.test.ts. */
const ROUNDS = 4;

describe('VM hosts come and go on KVM', LAB_RETRY, () => {
  const session = labSession();

  test('a VM host that is killed: crashed, with the reason; nothing is left; it starts again', async () => {
    const machine = await session.bulkhead.create(
      'lost',
      '--guest',
      'tiny-linux',
      '--memory',
      '128M',
      '--accel',
      'kvm',
    );
    await machine.start('Tiny Linux is up');
    const { pid } = await machine.listed();
    await session.lab.output(`kill -KILL ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.1; done`);
    const { state, reason } = await machine.listed();
    expect(state).toBe('crashed');
    expect(reason).toMatch(`(pid ${pid}) ended without a word: it was killed or ran out of memory`);
    expect(await machine.left()).toBe('');
    await machine.start('login:');
    expect(await machine.listed()).toMatchObject({ state: 'running', accelerator: 'kvm' });
    await machine.vm('kill');
    expect(await machine.state()).toBe('stopped');
    expect(await machine.left()).toBe('');
  });

  test(`${ROUNDS} rounds of start, pause, resume, reset and kill leave no process, socket or lock`, {
    tags: ['long'],
  }, async () => {
    const machine = await session.bulkhead.create(
      'rounds',
      '--guest',
      'tiny-linux',
      '--memory',
      '128M',
      '--accel',
      'kvm',
    );
    const files = (): Promise<string> => session.lab.output(`cd ${machine.paths.folder} && find . -type f | sort`);
    let first: string | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      for (const verb of ['start', 'pause', 'resume', 'reset', 'kill']) await machine.vm(verb);
      expect(await machine.left()).toBe('');
      if (round === 1) first = await files();
    }
    expect(await machine.state()).toBe('stopped');
    expect(await files()).toBe(first);
  });
});
