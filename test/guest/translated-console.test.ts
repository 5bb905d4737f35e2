import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';
import { pattern, printing } from './micro/printing.ts';

const SCROLLBACK = 256 * 1024;

describe('the serial console of a VM host on the translating accelerator', () => {
  let hosts: VmHosts;

  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  it('a visitor that does not read stalls neither the guest nor the others, and misses nothing', async () => {
    const COUNT = 2 << 20;
    const id = hosts.create(printing(COUNT), { accelerator: 'translated' });
    await hosts.fleet.start(id);
    const [reader, sluggard] = await Promise.all([hosts.visit(id), hosts.visit(id)]);
    sluggard.socket.pause();
    expect((await reader.has(COUNT)).equals(pattern(COUNT))).toBe(true);
    sluggard.socket.resume();
    expect((await sluggard.has(COUNT)).equals(pattern(COUNT))).toBe(true);
    const late = await hosts.visit(id);
    expect((await late.has(SCROLLBACK)).equals(pattern(COUNT).subarray(COUNT - SCROLLBACK))).toBe(true);
  });

  it('loses none of 10 MB, to a visitor or in the log', { timeout: 60_000 * SLOWNESS }, async () => {
    const COUNT = 10 << 20;
    const id = hosts.create(printing(COUNT), { accelerator: 'translated' });
    await hosts.fleet.start(id);
    const visitor = await hosts.visit(id);
    await eventually('all of it', () => (visitor.length >= COUNT ? true : undefined), 50_000 * SLOWNESS);
    expect(visitor.bytes.equals(pattern(COUNT))).toBe(true);
    expect(readFileSync(hosts.paths(id).serialLog).equals(pattern(COUNT))).toBe(true);
  });
});
