import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src-main/base/clock.ts';
import { Failure } from '../../../src-main/base/failure.ts';
import { Arena } from '../../../src-main/base/shared-struct.ts';
import { Engine } from '../../../src-main/hypervisor/translated/engine.ts';
import { translatedLimits } from '../../../src-main/hypervisor/translated/limits.ts';
import { translatedHypervisor } from '../../../src-main/hypervisor/translated/translated-hypervisor.ts';
import { guestClock, placeTranslatedState } from '../../../src-main/hypervisor/translated/translated-state.ts';
import { MiB } from '../../../src-main/vmm/layout.ts';

function create(memoryMiB: number, cpus = 1) {
  return translatedHypervisor.createVm({ name: 'test', memoryBytes: memoryMiB * MiB, cpus, arena: Arena.build(4096) });
}

describe('the translating accelerator', () => {
  test('is usable everywhere, and says what it can do', () => {
    const verdict = translatedHypervisor.probe();
    expect(verdict).toMatchObject({ accelerator: 'translated', usable: true, present: true, maxVcpus: 1 });
    expect(verdict.detail).toContain('2047 MiB');
  });

  test.each([0, 0.5, 2048, 1_000_000, -16, Number.NaN])('refuses %d MiB with what it could have', (memoryMiB) => {
    expect(() => create(memoryMiB)).toThrow(expect.objectContaining({ failureClass: 'usage', code: 'memory-size' }));
    expect(() => create(memoryMiB)).toThrow(/1 to 2047 MiB/);
  });

  test('refuses a second CPU', () => {
    expect(() => create(64, 2)).toThrow(expect.objectContaining({ failureClass: 'usage', code: 'cpu-count' }));
  });

  test('really has as much memory as it says, from the first byte to the last', () => {
    const { maxMemoryBytes } = translatedLimits();
    const nothing = { readPort: () => 0, writePort: () => {}, readMmio: () => 0, writeMmio: () => {} };
    const engine = new Engine(maxMemoryBytes, { ...nothing, nowMs: () => 0, serviceTimers: () => 100 });
    const { ram } = engine;
    expect(ram.length).toBe(maxMemoryBytes);
    ram[0] = 1;
    ram[maxMemoryBytes - 1] = 2;
    expect([ram[0], ram[maxMemoryBytes - 1]]).toEqual([1, 2]);
    expect(() => new Engine(2048 * MiB, { ...nothing, nowMs: () => 0, serviceTimers: () => 100 })).toThrow(Failure);
  });

  test('guest time stands still while the machine is paused', () => {
    const host = new ManualClock(0, 1000);
    const { state } = placeTranslatedState(Arena.build(4096));
    const clock = guestClock(state, host);
    host.advance(10);
    state.pausedSinceMs = host.monotonicMs();
    host.advance(500);
    expect(clock.monotonicMs()).toBe(1010);
    state.pausedMs = 500;
    state.pausedSinceMs = 0;
    host.advance(5);
    expect(clock.monotonicMs()).toBe(1015);
  });
});
