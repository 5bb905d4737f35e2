import { describe, expect, test } from 'vitest';
import { requireRunnable } from '../../../src-main/inventory/host-limits.ts';
import { newMachineConfig, patchedConfig } from '../../../src-main/inventory/machine-config.ts';
import { parsePinning, settledPinning } from '../../../src-main/inventory/pinning.ts';
import { parseCpuList } from '../../../src-main/linux/cpu-list.ts';

describe('pinning', () => {
  test('names host CPUs for vCPUs, singly, in ranges and joined', () => {
    expect([...parsePinning('0:2, 1:4-6+8')]).toEqual([
      [0, [2]],
      [1, [4, 5, 6, 8]],
    ]);
    expect(settledPinning('3:1,0:8+4-6+5')).toBe('0:4-6+8,3:1');
  });

  test.each(['', '0', '0:', ':1', '0:1,', '0:1,0:2', '0:3-1', 'a:1', '0:1;1:2', '100:1', '0:8192', '0:1--2', '0:-1'])(
    '%j is refused, with the form that is right',
    (text) => {
      expect(() => parsePinning(text)).toThrow(expect.objectContaining({ code: 'bad-pinning', failureClass: 'usage' }));
    },
  );

  test('cpuset(7), List format', () => {
    expect(parseCpuList('0-2,5\n')).toEqual([0, 1, 2, 5]);
    expect(parseCpuList('\n')).toEqual([]);
  });

  const draft = { name: 'm', memoryMiB: 64, boot: { kind: 'guest' as const, guest: 'tiny-linux' } };
  const make = (cpus: number, pinning: string) =>
    newMachineConfig({ ...draft, cpus, pinning }, '00000000-0000-4000-8000-000000000000', new Date(0).toISOString());
  const host = { memoryMiB: 1024, onlineCpus: [0, 1, 3] };

  test('of a vCPU the machine does not have is refused', () => {
    expect(() => requireRunnable(make(2, '2:0'), host)).toThrow('pinning names vCPU 2: it has 2, counted from 0');
    requireRunnable(make(3, '2:0'), host);
  });

  test('to a host CPU that is not there is refused, saying which there are', () => {
    expect(() => requireRunnable(make(1, '0:0-3'), host)).toThrow(
      expect.objectContaining({
        code: 'no-such-host-cpu',
        message: 'machine "m": vCPU 0 is pinned to host CPU 2: there is none',
        hint: 'this computer has 0-1+3',
      }),
    );
  });

  test('is checked where a machine is read and changed, and taken away with null', () => {
    expect(() => make(1, 'nonsense')).toThrow(/VCPU:HOSTCPUS/);
    expect(patchedConfig(make(1, '0:1'), { pinning: null })).not.toHaveProperty('pinning');
  });
});
