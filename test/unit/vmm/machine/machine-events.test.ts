import { describe, expect, it } from 'vitest';
import { Arena } from '../../../../src-main/base/shared-struct.ts';
import { MACHINE_EVENT, MachineEvents, MachineEventsState } from '../../../../src-main/vmm/machine/machine-events.ts';

describe('what chips ask of the machine', () => {
  const make = () => new MachineEvents(Arena.build(4096).place(MachineEventsState, 'events'));

  it('is gathered until it is taken, and told once', async () => {
    const events = make();
    events.pin(MACHINE_EVENT.reset).pulse(0);
    events.pin(MACHINE_EVENT.panicked).pulse(0);
    events.pin(MACHINE_EVENT.reset).pulse(0);
    expect(await events.take()).toEqual({ bits: MACHINE_EVENT.reset | MACHINE_EVENT.panicked, value: 0 });
    const next = events.take();
    events.pin(MACHINE_EVENT.powerOff).pulse(0);
    expect((await next).bits).toBe(MACHINE_EVENT.powerOff);
  });

  it('carries debug exit’s code, and halts the thread that asked', async () => {
    const events = make();
    let halted = 0;
    events.pin(MACHINE_EVENT.debugExit, () => halted++).pulse(42);
    expect(halted).toBe(1);
    expect(await events.take()).toEqual({ bits: MACHINE_EVENT.debugExit, value: 42 });
  });
});
