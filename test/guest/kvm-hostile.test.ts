import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { isGone } from '../support/process-end.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

/** How long an order may take to be answered, and a VM host to end. */
const ANSWER_MS = 1000 * SLOWNESS;
const END_MS = 2000 * SLOWNESS;

const guests: [string, Uint8Array][] = [
  ['loops for ever', kernels.spin],
  ['triple-faults at once, every time', kernels.tripleFaultForever],
  ['resets itself for ever', kernels.resetForever],
  ['writes to and reads from every port', kernels.everyPortForever],
  ['writes to and reads from every hole', kernels.everyHoleForever],
  ['prints for ever', kernels.flood],
  ['uses what this KVM may not run', kernels.broken],
];

describe('the control plane of a VM host stays in command when its guest', () => {
  const met = need('kvm');
  let hosts: VmHosts;

  beforeAll(async () => {
    if (met) hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  for (const [what, kernel] of guests) {
    it(what, async () => {
      const id = await hosts.run(kernel);
      const pid = hosts.pid(id);
      const qmp = await hosts.negotiated(id);
      const visitor = await hosts.visit(id);
      for (const command of ['query-status', 'stop', 'query-status', 'cont', 'system_reset', 'query-status']) {
        const from = performance.now();
        await qmp.execute(command);
        expect(performance.now() - from, command).toBeLessThan(ANSWER_MS);
      }
      visitor.socket.destroy();
      const from = performance.now();
      qmp.send('{"execute":"quit"}');
      await eventually('its end', () => isGone(pid) || undefined);
      expect(performance.now() - from).toBeLessThan(END_MS);
      expect(hosts.lastRun(id).outcome).toBe('off');
    });
  }

  it('triple-faults five times in a row: it is stopped and says why, instead of being reset for ever', async () => {
    const id = await hosts.run(kernels.tripleFaultForever);
    const qmp = await hosts.negotiated(id);
    const reason = await eventually('the state internal-error', async () => {
      return ((await qmp.execute('x-query-machine')).return as { reason?: string }).reason;
    });
    expect(reason).toMatch(/triple-faulted 5 times/);
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'paused' });
  });
});
