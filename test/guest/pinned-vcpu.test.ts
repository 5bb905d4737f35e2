import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCpuList } from '../../src-main/linux/cpu-list.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';

let hosts: VmHosts;
beforeAll(async () => {
  hosts = await VmHosts.open();
});
afterAll(() => hosts.close());

/** The CPUs a thread or process may run on (proc(5), Cpus_allowed_list). */
function allowed(task: string): number[] {
  const status = readFileSync(`/proc/${task}/status`, 'utf8');
  return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)![1]!);
}

test('a pinned vCPU’s thread may run on its host CPU alone; the other threads run anywhere', async () => {
  const everywhere = allowed('self');
  const last = everywhere.at(-1)!;
  const id = await hosts.run(new Uint8Array(), {
    accelerator: 'translated',
    memoryMiB: 128,
    boot: { kind: 'guest', guest: 'tiny-linux' },
    pinning: `0:${last}`,
  });
  const qmp = await hosts.negotiated(id);
  const thread = await eventually('the vCPU thread', async () => {
    const { return: stats } = (await qmp.execute('x-query-stats')) as { return: { vcpus: { 'thread-id': number }[] } };
    return stats.vcpus[0]!['thread-id'] || undefined;
  });
  expect(allowed(`${hosts.pid(id)}/task/${thread}`)).toEqual([last]);
  expect(allowed(`${hosts.pid(id)}`)).toEqual(everywhere);
});
