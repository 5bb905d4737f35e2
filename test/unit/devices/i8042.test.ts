import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { I8042, I8042State } from '../../../src-main/devices/legacy/i8042.ts';
import type { AccessSize } from '../../../src-main/vmm/bus/io-bus.ts';
import { Line, Pulses, placed, restored } from './pins.ts';

const DATA = 0;
const COMMAND = 4;

function controller() {
  const irq = new Line();
  const reset = new Pulses();
  const state = placed(I8042State);
  const chip = new I8042(state, { irq, reset });
  const command = (value: number) => chip.write(COMMAND, 1, value);
  const send = (value: number) => chip.write(DATA, 1, value);
  const status = () => chip.read(COMMAND, 1);
  const answers = () => {
    const bytes: number[] = [];
    while (status() & 1) bytes.push(chip.read(DATA, 1));
    return bytes;
  };
  return { chip, state, irq, reset, command, send, status, answers };
}

describe('8042 controller (PC/AT Technical Reference, "Keyboard controller")', () => {
  test('after power-on: system flag set, not locked, nothing to read, no interrupt, A20 on', () => {
    const { status, irq, command, answers } = controller();
    expect(status()).toBe(0x14);
    expect(irq.level).toBe(false);
    command(0xd0);
    expect(answers()[0]! & 0x03).toBe(0x03);
  });

  test.each([
    ['self-test 0xaa', 0xaa, [0x55]],
    ['keyboard test 0xab', 0xab, [0x00]],
    ['AUX test 0xa9: no such port', 0xa9, [0x01]],
    ['read command byte 0x20', 0x20, [0x65]],
    ['read input port 0xc0', 0xc0, [0x80]],
    ['unknown 0xb3', 0xb3, []],
  ])('%s', (_name, value, expected) => {
    const { command, answers } = controller();
    command(value);
    expect(answers()).toEqual(expected);
  });

  test('the command byte and the rest of its RAM keep what is written', () => {
    const { command, send, answers } = controller();
    command(0x60);
    send(0x43);
    command(0x7f);
    send(0x99);
    command(0x20);
    command(0x3f);
    expect(answers()).toEqual([0x43, 0x99]);
  });

  test('0xad and 0xae, 0xa7 and 0xa8 show in the command byte; a byte to the keyboard enables it again', () => {
    const { command, send, answers } = controller();
    const ctr = () => {
      command(0x20);
      return answers().at(-1)! & 0x30;
    };
    command(0xad);
    command(0xa8);
    expect(ctr()).toBe(0x10);
    command(0xae);
    command(0xa7);
    expect(ctr()).toBe(0x20);
    command(0xad);
    send(0xf4);
    expect(ctr()).toBe(0x20);
  });

  test('status bit 3 tells which port was written last', () => {
    const { command, send, status } = controller();
    command(0xae);
    expect(status() & 0x08).toBe(0x08);
    send(0xee);
    expect(status() & 0x08).toBe(0);
  });

  test('AUX loop 0xd3 answers without the AUX flag, so that Linux finds no AUX port at once', () => {
    const { command, send, status, answers } = controller();
    command(0xd3);
    send(0x5a);
    expect(status() & 0x21).toBe(0x01);
    expect(answers()).toEqual([0x5a]);
    command(0xd4);
    send(0xff);
    expect(answers()).toEqual([]);
  });

  test("0xd2 puts a byte into the keyboard's output", () => {
    const { command, send, answers } = controller();
    command(0xd2);
    send(0x1c);
    expect(answers()).toEqual([0x1c]);
  });

  test('0xfe pulses the reset line once; 0xff pulses nothing', () => {
    const { command, reset } = controller();
    command(0xff);
    expect(reset.values).toEqual([]);
    command(0xfe);
    expect(reset.values).toEqual([0]);
  });

  test('0xd1: output port bit 0 low resets, and A20 stays on', () => {
    const { command, send, reset, answers } = controller();
    command(0xd1);
    send(0xdd);
    expect(reset.values).toEqual([]);
    command(0xd0);
    expect(answers()).toEqual([0xdf]);
    command(0xd1);
    send(0xde);
    expect(reset.values).toEqual([0]);
  });
});

describe('keyboard (PC/AT Technical Reference, "Keyboard")', () => {
  test.each([
    ['reset 0xff', [0xff], [0xfa, 0xaa]],
    ['read id 0xf2', [0xf2], [0xfa, 0xab, 0x83]],
    ['set LEDs 0xed', [0xed, 0x07], [0xfa, 0xfa]],
    ['scan code set 0xf0', [0xf0, 0x02], [0xfa, 0xfa]],
    ['which scan code set 0xf0 0', [0xf0, 0x00], [0xfa, 0xfa, 0x02]],
    ['typematic 0xf3', [0xf3, 0x20], [0xfa, 0xfa]],
    ['enable 0xf4', [0xf4], [0xfa]],
    ['disable 0xf5', [0xf5], [0xfa]],
    ['defaults 0xf6', [0xf6], [0xfa]],
    ['echo 0xee', [0xee], [0xee]],
    ['a command in place of an argument', [0xed, 0xf4], [0xfa, 0xfa]],
    ['unknown 0x12', [0x12], [0xfe]],
  ])('%s', (_name, sent, expected) => {
    const { send, answers } = controller();
    for (const byte of sent) send(byte);
    expect(answers()).toEqual(expected);
  });
});

describe('IRQ 1', () => {
  test('each byte makes an edge of its own', () => {
    const { send, irq, chip } = controller();
    send(0xf2);
    expect([irq.level, irq.edges]).toEqual([true, 1]);
    chip.read(DATA, 1);
    expect([irq.level, irq.edges]).toEqual([true, 2]);
    chip.read(DATA, 1);
    chip.read(DATA, 1);
    expect([irq.level, irq.edges]).toEqual([false, 3]);
  });

  test("the command byte's bit 0 turns it off and on", () => {
    const { send, command, irq } = controller();
    command(0x60);
    send(0x64);
    send(0xee);
    expect(irq.level).toBe(false);
    command(0x60);
    send(0x65);
    expect(irq.level).toBe(true);
  });
});

test('an empty output buffer keeps showing its last byte', () => {
  const { send, chip } = controller();
  send(0xf2);
  expect([0, 0, 0, 0].map(() => chip.read(DATA, 1))).toEqual([0xfa, 0xab, 0x83, 0x83]);
});

test('a driver that never reads loses the seventeenth answer, not the first', () => {
  const { send, answers } = controller();
  for (let i = 0; i < 30; i++) send(i === 0 ? 0xee : 0xf4);
  expect(answers()).toEqual([0xee, ...Array(15).fill(0xfa)]);
});

const access = fc.record({
  write: fc.boolean(),
  offset: fc.nat(5),
  size: fc.constantFrom<AccessSize>(1, 2, 4),
  value: fc.oneof(fc.nat(0xffff_ffff), fc.nat(0xff)),
});

test('a hostile driver gets bytes in range, whatever it does', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 300 }), (accesses) => {
      const { chip } = controller();
      for (const { write, offset, size, value } of accesses) {
        if (write) chip.write(offset, size, value);
        else
          expect(chip.read(offset, size)).toSatisfy((got: number) => Number.isInteger(got) && got >= 0 && got <= 0xff);
      }
    }),
  );
});

test('a machine saved between a command and its argument goes on identically', () => {
  const { send, command, state, chip } = controller();
  send(0xf2);
  chip.read(DATA, 1);
  send(0xed);
  command(0xd3);
  const copy = new I8042(restored(I8042State, state), { irq: new Line(), reset: new Pulses() });
  for (const each of [chip, copy]) {
    each.write(DATA, 1, 0x5a);
    each.write(DATA, 1, 0x07);
  }
  for (let i = 0; i < 7; i++) {
    expect(copy.read(COMMAND, 1)).toBe(chip.read(COMMAND, 1));
    expect(copy.read(DATA, 1)).toBe(chip.read(DATA, 1));
  }
});

test('power-on reset empties the output and lowers the line', () => {
  const { send, chip, irq, status } = controller();
  send(0xf2);
  chip.reset();
  expect([irq.level, status()]).toEqual([false, 0x14]);
});
