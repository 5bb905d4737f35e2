import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteRing } from '../../../src-main/base/byte-ring.ts';
import {
  DebugConsole,
  DebugConsoleState,
  DebugExit,
  DebugExitState,
  PostCode,
  PostCodeState,
} from '../../../src-main/devices/legacy/debug-ports.ts';
import { ResetControl, ResetControlState } from '../../../src-main/devices/legacy/reset-control.ts';
import { SystemControlA, SystemControlAState } from '../../../src-main/devices/legacy/system-control-a.ts';
import { type AccessSize, IoBus } from '../../../src-main/vmm/bus/io-bus.ts';
import { Pulses, placed } from './pins.ts';

describe('port 0x80', () => {
  test('keeps the last code and counts the writes', () => {
    const post = new PostCode(placed(PostCodeState));
    expect(post.read(0, 1)).toBe(0);
    post.write(0, 1, 0x12);
    post.write(0, 1, 0xab);
    expect([post.read(0, 1), post.state.code, post.state.writes]).toEqual([0xab, 0xab, 2]);
    post.reset();
    expect([post.read(0, 1), post.state.writes]).toEqual([0, 0]);
  });
});

describe('port 0xe9', () => {
  test('says that it is there, passes bytes on, and drops what the sink will not take', () => {
    const output = ByteRing.allocate(4);
    const console = new DebugConsole(placed(DebugConsoleState), { output });
    expect(console.read(0, 1)).toBe(0xe9);
    for (const byte of Buffer.from('hello')) console.write(0, 1, byte);
    expect([1, 2, 3, 4, 5].map(() => output.shift())).toEqual([...Buffer.from('hell'), -1]);
    expect(console.state.droppedBytes).toBe(1);
  });
});

describe('isa-debug-exit (QEMU hw/misc/debugexit.c)', () => {
  test.each([
    [1, 0x42],
    [2, 0xbeef],
    [4, 0xdead_beef],
  ] as const)('a write of %i bytes ends the machine with its value', (size, value) => {
    const exit = new Pulses();
    const ports = new IoBus();
    ports.claim(0xf4, 4, new DebugExit(placed(DebugExitState), { exit }));
    expect(ports.read(0xf4, 4)).toBe(0);
    ports.write(0xf4, size, value);
    expect(exit.values).toEqual([value]);
  });
});

describe('system control port A, 0x92', () => {
  test('A20 is always on, and bit 0 resets when it rises', () => {
    const reset = new Pulses();
    const port = new SystemControlA(placed(SystemControlAState), { reset });
    expect(port.read(0, 1)).toBe(0x02);
    port.write(0, 1, 0x00);
    expect(port.read(0, 1)).toBe(0x02);
    port.write(0, 1, 0x01);
    port.write(0, 1, 0x01);
    expect(reset.values).toEqual([0]);
    port.write(0, 1, 0x00);
    port.write(0, 1, 0x01);
    expect(reset.values).toEqual([0, 0]);
    port.reset();
    expect(port.read(0, 1)).toBe(0x02);
  });
});

describe('reset control register, 0xcf9 (PIIX3 §2.5.1)', () => {
  test('bit 2 resets when it rises, whatever the type in bit 1', () => {
    const reset = new Pulses();
    const register = new ResetControl(placed(ResetControlState), { reset });
    expect(register.read(0, 1)).toBe(0);
    register.write(0, 1, 0x02);
    expect(reset.values).toEqual([]);
    expect(register.read(0, 1)).toBe(0x02);
    register.write(0, 1, 0x06);
    register.write(0, 1, 0x06);
    expect(reset.values).toEqual([0]);
    register.write(0, 1, 0x00);
    register.write(0, 1, 0x04);
    expect(reset.values).toEqual([0, 0]);
  });

  test("the FADT's reset value 6 resets from power-on and after each reset", () => {
    const reset = new Pulses();
    const register = new ResetControl(placed(ResetControlState), { reset });
    register.write(0, 1, 0x06);
    register.reset();
    register.write(0, 1, 0x06);
    expect(reset.values).toEqual([0, 0]);
  });
});

const access = fc.record({
  write: fc.boolean(),
  port: fc.constantFrom(0x80, 0x92, 0xe9, 0xf4, 0xf5, 0xf6, 0xf7, 0xcf9),
  size: fc.constantFrom<AccessSize>(1, 2, 4),
  value: fc.nat(0xffff_ffff),
});

test('a hostile driver gets values in range, whatever it does', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 200 }), (accesses) => {
      const reset = new Pulses();
      const ports = new IoBus();
      ports.claim(0x80, 1, new PostCode(placed(PostCodeState)));
      ports.claim(0x92, 1, new SystemControlA(placed(SystemControlAState), { reset }));
      ports.claim(0xe9, 1, new DebugConsole(placed(DebugConsoleState), { output: ByteRing.allocate(16) }));
      ports.claim(0xf4, 4, new DebugExit(placed(DebugExitState), { exit: reset }));
      ports.claim(0xcf9, 1, new ResetControl(placed(ResetControlState), { reset }));
      for (const { write, port, size, value } of accesses) {
        if (write) ports.write(port, size, value);
        else expect(ports.read(port, size)).toSatisfy((got: number) => got >= 0 && got < 2 ** (8 * size));
      }
    }),
  );
});
