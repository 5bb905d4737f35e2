import { describe, expect, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';

interface Balloon {
  readonly residentMiB: number;
  readonly actualBytes: number;
  readonly guest?: { readonly free: number };
}

describe('the balloon on KVM, by the command line client', LAB_RETRY, () => {
  const session = labSession();

  test('the host’s resident memory follows the guest’s balloon down and up', async () => {
    const { bulkhead } = session;
    const machine = await bulkhead.create(
      'balloon',
      ...['--guest', 'tiny-linux', '--memory', '384M', '--accel', 'kvm', '--balloon', 'on'],
    );
    await machine.start('login:');
    await machine.logIn();
    const read = () => bulkhead.json<Balloon>(['vm', 'balloon', 'balloon']);
    const settled = async (mib: number): Promise<Balloon> => {
      for (;;) {
        const balloon = await read();
        if (balloon.actualBytes === mib * 2 ** 20) return balloon;
      }
    };
    expect(await machine.answer('dmesg | grep -i virtio | grep -icE "warn|error|fail"')).toBe('0');
    const use = 'dd if=/dev/zero of=/tmp/x bs=1M count=180 2>/dev/null; ls -l /tmp/x | wc -l; rm /tmp/x';
    expect(await machine.answer(use)).toBe('1');
    const before = await settled(384);
    await machine.vm('balloon', '128M');
    const small = await settled(128);
    expect(before.residentMiB - small.residentMiB).toBeGreaterThan(130);
    await machine.vm('balloon', 'max');
    await settled(384);
    expect(await machine.answer(use)).toBe('1');
    const after = await settled(384);
    expect(after.residentMiB - small.residentMiB).toBeGreaterThan(130);
    expect((await read()).guest?.free).toBeGreaterThan(100 * 2 ** 20);
    process.stderr.write(`resident: ${[before, small, after].map((each) => Math.round(each.residentMiB))} MiB\n`);
    await machine.type('poweroff\\n');
    await machine.wait();
    expect(await machine.left()).toBe('');
  });
});
