import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { eventually, type QmpLines, type Visitor, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';
import { pattern, printing } from './micro/printing.ts';

describe('the serial console of a VM host on KVM', () => {
  const met = need('kvm');
  let hosts: VmHosts;

  beforeAll(async () => {
    if (met) hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  it('answers whoever types, and shows the answer to everyone', async () => {
    const id = await hosts.run(kernels.echo);
    const visitors = await Promise.all([hosts.visit(id), hosts.visit(id), hosts.visit(id)]);
    await Promise.all(visitors.map((visitor) => visitor.has(1)));
    visitors[0]!.socket.write('one ');
    await visitors[2]!.has(5);
    visitors[1]!.socket.write('two');
    for (const visitor of visitors) expect((await visitor.has(8)).toString()).toBe('>one two');
    expect(await (await hosts.visit(id)).has(8)).toHaveLength(8);
  });

  it('shows every byte a guest prints', async () => {
    const COUNT = 32_000;
    const id = await hosts.run(printing(COUNT));
    expect((await (await hosts.visit(id)).has(COUNT)).equals(pattern(COUNT))).toBe(true);
  });

  it('sends its visitors everything up to the end, which is what the log has', async () => {
    const id = await hosts.run(kernels.flood);
    const visitor = await hosts.visit(id);
    await visitor.has(20_000);
    await hosts.fleet.kill(id);
    await closed(visitor);
    expect(visitor.bytes.equals(readFileSync(hosts.paths(id).serialLog))).toBe(true);
  });

  it('keeps what a guest does not read, up to a bound, and lets the visitor go', async () => {
    const id = await hosts.run(kernels.spin);
    const [visitor, flooder] = await Promise.all([hosts.visit(id), hosts.visit(id)]);
    visitor.socket.write(Buffer.alloc(32 * 1024));
    const qmp = await hosts.negotiated(id);
    await eventually('both to be there', async () => ((await visitors(qmp)) === 2 ? true : undefined));
    visitor.socket.destroy();
    await eventually('its leaving', async () => ((await visitors(qmp)) === 1 ? true : undefined));
    flooder.socket.write(Buffer.alloc(8 << 20));
    for (let i = 0; i < 50; i++) await qmp.execute('query-status');
    expect(flooder.socket.writableLength).toBeGreaterThan(7 << 20);
    expect(await qmp.execute('query-status')).toMatchObject({ return: { running: true } });
  });
});

async function visitors(qmp: QmpLines): Promise<number> {
  const { console } = (await qmp.execute('x-query-stats')).return as { console: { visitors: number } };
  return console.visitors;
}

async function closed(visitor: Visitor): Promise<void> {
  await eventually('the console to be closed', () => visitor.closed || undefined);
}
