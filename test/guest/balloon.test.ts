import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, type QmpLines, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
const MiB = 2 ** 20;

/** What `x-query-stats` says of memory. */
interface Stats {
  residentMiB: number;
  balloon: { active: boolean; targetBytes: number; actualBytes: number; guest?: { free: number; total: number } };
}

describe('the balloon on the translating accelerator', () => {
  let hosts: VmHosts;
  let id: string;
  let qmp: QmpLines;
  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts.close());

  const logged = (text: string, times = 1): Promise<true> =>
    eventually(
      text,
      () => {
        const { serialLog } = hosts.paths(id);
        const shown = existsSync(serialLog) ? readFileSync(serialLog, 'latin1') : '';
        return shown.split(text).length > times ? true : undefined;
      },
      LONG_MS,
    );
  const stats = async (): Promise<Stats> => (await qmp.execute('x-query-stats')).return as Stats;
  const actual = async (): Promise<number> => (await qmp.execute('query-balloon')).return as number;
  const inBalloon = (mib: number): Promise<true> =>
    eventually(
      `${mib} MiB in the balloon`,
      async () => ((await stats()).balloon.actualBytes === (192 - mib) * MiB ? true : undefined),
      LONG_MS,
    );
  const type = (line: string): Promise<unknown> => hosts.commandLine('vm', 'send', id, `${line}\\n`);

  test('without a driver there is none, as QEMU says it', { timeout: LONG_MS }, async () => {
    const boot = { kind: 'guest', guest: 'tiny-linux' } as const;
    id = await hosts.run(new Uint8Array(1), { accelerator: 'translated', memoryMiB: 192, boot });
    qmp = await hosts.negotiated(id);
    expect(await qmp.execute('query-balloon')).toMatchObject({
      error: { class: 'DeviceNotActive', desc: 'No balloon device has been activated' },
    });
    expect((await hosts.commandLine('vm', 'balloon', id, '128M')).status).toBe(4);
  });

  test('inflated, the guest has less and so has the host to give; deflated, both have it again', {
    timeout: LONG_MS,
  }, async () => {
    await logged('login:');
    await type('root');
    await logged('tiny:~#');
    // The guest uses memory, gives it back, and the host still holds it.
    await type('dd if=/dev/zero of=/tmp/x bs=1M count=85; rm /tmp/x; echo step-""one');
    await logged('step-one');
    expect(await actual()).toEqual({ actual: 192 * MiB });
    const before = await stats();

    expect(await qmp.execute('balloon', { arguments: { value: 96 * MiB } })).toEqual({ return: {} });
    const told = await qmp.event('BALLOON_CHANGE');
    expect((told.data as { actual: number }).actual).toBeLessThan(192 * MiB);
    await inBalloon(96);
    // Of the 96: JavaScript's own memory goes up and down beside it, so wait for what stays.
    const small = await eventually('memory given back', async () => {
      const now = await stats();
      return before.residentMiB - now.residentMiB > 50 ? now : undefined;
    });
    const { guest } = await eventually('statistics', async () => {
      const { balloon } = await stats();
      return balloon.guest !== undefined && balloon.guest.free < 90 * MiB ? balloon : undefined;
    });
    expect(guest!.total).toBeGreaterThan(150 * MiB);

    expect((await hosts.commandLine('vm', 'balloon', id, 'max')).stdout).toMatch(/is to have: +192 MiB/);
    await inBalloon(0);
    await type('dd if=/dev/zero of=/tmp/x bs=1M count=85; rm /tmp/x; echo step-""two');
    await logged('step-two');
    const after = await stats();
    expect(after.residentMiB - small.residentMiB).toBeGreaterThan(40);
  });

  test('values that are no size are refused as QEMU refuses them', async () => {
    const refused = async (value: unknown) => (await qmp.execute('balloon', { arguments: { value } })).error;
    expect(await refused(0)).toEqual({ class: 'GenericError', desc: "Parameter 'target' expects a size" });
    expect(await refused('1G')).toMatchObject({ class: 'GenericError' });
  });

  test('what code was in ballooned memory is not run again: a reset guest comes up', { timeout: LONG_MS }, async () => {
    await qmp.execute('balloon', { arguments: { value: 160 * MiB } });
    await inBalloon(32);
    await qmp.execute('system_reset');
    expect((await stats()).balloon.actualBytes).toBe(192 * MiB);
    await logged('login:', 2);
    await inBalloon(32);
  });
});
