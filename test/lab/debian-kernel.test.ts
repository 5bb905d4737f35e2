import { beforeEach, describe, expect, test } from 'vitest';
import {
  bootUnderQemu,
  createOptions,
  type DebianGuest,
  FIRST_LINE,
  makeDebianGuest,
} from '../support/lab/debian-guest.ts';
import { kernelLines, onlyIn, unnamed } from '../support/lab/kernel-log.ts';
import { canHaveMiB, LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { fromQemu } from './qemu-differences.ts';

const LARGE_LAB_MIB = 7168;
const large = canHaveMiB(LARGE_LAB_MIB);

describe("Debian's unmodified amd64 kernel on KVM", LAB_RETRY, () => {
  const session = labSession({ memoryMiB: large ? LARGE_LAB_MIB : 3072 });
  let guest: DebianGuest;

  beforeEach(async () => {
    if (session.lab) guest = await makeDebianGuest(session.lab);
  });

  for (const [cpu, tags] of [
    [{ model: 'EPYC-Rome', layout: '1x2x2' }, []],
    [{ model: 'host', layout: '1x1x1' }, ['long']],
    [{ model: 'Penryn', layout: '1x3x1' }, ['long']],
  ] as const) {
    const on = `${cpu.model}, ${cpu.layout}`;
    test(`reaches user space on ${on}, with the kernel log it has on QEMU but for named differences`, {
      tags: [...tags],
    }, async () => {
      const options = ['--accel', 'kvm', '--cpu', cpu.model, '--topology', cpu.layout];
      const machine = await session.bulkhead.create('debian', ...createOptions(guest), ...options);
      await machine.start(FIRST_LINE);
      const ours = await machine.vm('log');
      await machine.vm('kill');
      expect(await machine.left()).toBe('');
      const { log: theirs } = await bootUnderQemu(session.lab, guest, cpu);

      const [own, other] = [kernelLines(ours), kernelLines(theirs)];
      expect(own.length).toBeGreaterThan(200);
      const missing = unnamed(onlyIn(other, own), fromQemu);
      const added = unnamed(onlyIn(own, other), fromQemu);
      expect({ missing, added }).toEqual({ missing: [], added: [] });
    });
  }

  test('its shell answers on the serial console', async () => {
    const machine = await session.bulkhead.create('shell', ...createOptions(guest));
    await machine.start(FIRST_LINE);
    expect(await machine.answer('busybox uname -sm')).toBe('Linux x86_64');
    expect(await machine.listed()).toMatchObject({ accelerator: 'kvm' });
    await machine.vm('kill');
  });

  test.skipIf(!large)('a machine of 6 GiB sees its memory on both sides of the 32-bit hole', async () => {
    const options = createOptions({ ...guest, memoryMiB: 6144 });
    const machine = await session.bulkhead.create('large', ...options, '--accel', 'kvm');
    await machine.start(FIRST_LINE);
    const total = /MemTotal: +(\d+) kB/.exec(await machine.answer('busybox cat /proc/meminfo'))?.[1];
    expect(Number(total) / 1024).toBeGreaterThan(5700);
    expect(Number(total) / 1024).toBeLessThan(6144);
    await machine.vm('kill');
  });
});
