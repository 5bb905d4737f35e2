import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteRing } from '../../../src-main/base/byte-ring.ts';
import { Uart16550, Uart16550State } from '../../../src-main/devices/legacy/uart16550.ts';
import type { AccessSize } from '../../../src-main/vmm/bus/io-bus.ts';
import { Line, placed, restored } from './pins.ts';

function com1(capacity = 64) {
  const state = placed(Uart16550State);
  const output = ByteRing.allocate(capacity);
  const input = ByteRing.allocate(256);
  const irq = new Line();
  const uart = new Uart16550(state, { irq, output, input });
  const r = (offset: number) => uart.read(offset, 1);
  const w = (offset: number, value: number) => uart.write(offset, 1, value);
  const type = (text: string) => {
    input.pushBytes(Buffer.from(text));
    uart.inputAvailable();
  };
  const printed = () => {
    const bytes = new Uint8Array(output.length);
    output.shiftInto(bytes);
    return Buffer.from(bytes).toString('latin1');
  };
  return { state, uart, output, input, irq, r, w, type, printed };
}

/** A driver with FIFOs on (trigger 14), OUT2 on and the given interrupts enabled. */
function driven(ier: number, fcr = 0xc1, capacity = 64) {
  const port = com1(capacity);
  port.w(2, fcr);
  port.w(4, 0x0b);
  port.w(1, ier);
  return port;
}

const drain = (port: ReturnType<typeof com1>) => {
  const text = port.printed();
  port.uart.outputDrained();
  return text;
};

describe('registers', () => {
  test('PC16550D table I: master reset leaves interrupts off, FIFOs off, the transmitter empty', () => {
    const { r, irq } = com1();
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(r)).toEqual([0, 0, 0x01, 0, 0, 0x60, 0xb0, 0]);
    expect(irq.level).toBe(false);
  });

  test('PC16550D §8.1: DLAB turns offsets 0 and 1 into the divisor latch, and prints nothing', () => {
    const { r, w, output } = com1();
    w(3, 0x83);
    w(0, 0x0c);
    w(1, 0x34);
    expect([r(0), r(1), r(3)]).toEqual([0x0c, 0x34, 0x83]);
    w(3, 0x03);
    expect([r(0), r(1), output.length]).toEqual([0, 0, 0]);
  });

  test('PC16550D table II: SCR keeps its byte, IER four bits, MCR five', () => {
    const { r, w } = com1();
    for (const offset of [7, 1, 4]) w(offset, 0xff);
    expect([r(7), r(1), r(4)]).toEqual([0xff, 0x0f, 0x1f]);
  });

  test('Linux 8250 autoconfig finds a 16550A: no EFR, no EXCR, no 64-byte FIFO, no XScale bit', () => {
    const { r, w } = com1();
    w(4, 0x1a);
    expect(r(6) & 0xf0).toBe(0x90);
    w(4, 0);
    w(3, 0xbf);
    expect(r(2)).not.toBe(0);
    w(3, 0);
    w(2, 0x01);
    expect(r(2) >> 6).toBe(3);
    w(3, 0x80);
    expect(r(2)).not.toBe(0);
    w(3, 0xe0);
    expect(r(2) & 0x10).toBe(0);
    w(3, 0);
    w(2, 0x21);
    expect(r(2) >> 5).toBe(6);
    w(3, 0x80);
    w(2, 0x21);
    expect(r(2) >> 5).toBe(6);
    w(3, 0);
    w(1, 0x40);
    expect(r(1)).toBe(0);
  });
});

describe('transmitter', () => {
  test('bytes written to THR come out in order', () => {
    const { w, printed } = com1();
    for (const byte of Buffer.from('login:')) w(0, byte);
    expect(printed()).toBe('login:');
  });

  test('PC16550D §8.7: the THRE interrupt comes with its enable, goes with reading IIR, comes back with a byte sent', () => {
    const { r, w, irq } = driven(0x02);
    expect(irq.level).toBe(true);
    expect(r(2)).toBe(0xc2);
    expect(irq.level).toBe(false);
    expect(r(2)).toBe(0xc1);
    w(0, 0x41);
    expect(irq.level).toBe(true);
    w(1, 0);
    expect(irq.level).toBe(false);
    w(1, 2);
    expect(r(2)).toBe(0xc2);
  });

  test('THRE is set only while the sink has room for a burst of 16, and a burst begun is stored whole', () => {
    const { r, w, output, uart } = driven(0, 0xc1, 64);
    for (let i = 0; i < 48; i++) {
      expect(r(5) & 0x60).toBe(0x60);
      w(0, i);
    }
    w(0, 48);
    expect(r(5) & 0x60).toBe(0);
    expect(uart.outputBlocked).toBe(true);
    for (let i = 49; i < 64; i++) w(0, i);
    const bytes = new Uint8Array(64);
    expect(output.shiftInto(bytes)).toBe(64);
    expect([...bytes]).toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(uart.state.droppedBytes).toBe(0);
  });

  test('without FIFOs one free byte is enough', () => {
    const { r, w } = com1(16);
    for (let i = 0; i < 15; i++) w(0, i);
    expect(r(5) & 0x20).toBe(0x20);
    w(0, 15);
    expect(r(5) & 0x20).toBe(0);
  });

  test('a byte written against THRE into a full sink is counted, not stored', () => {
    const { w, uart, output } = com1(16);
    for (let i = 0; i < 20; i++) w(0, i);
    expect(output.length).toBe(16);
    expect(uart.state.droppedBytes).toBe(4);
  });

  test('a driver asleep on THRE is woken once the sink has room for a burst again', () => {
    const port = driven(0x02, 0xc1, 16);
    port.r(2);
    port.w(0, 0x41);
    expect(port.irq.level).toBe(false);
    expect(port.uart.outputBlocked).toBe(true);
    expect(drain(port)).toBe('A');
    expect(port.irq.level).toBe(true);
    expect(port.uart.outputBlocked).toBe(false);
    expect(port.r(2)).toBe(0xc2);
  });

  test('a driver that polls LSR sees the room without being told', () => {
    const port = com1(1);
    port.w(0, 0x41);
    expect(port.r(5) & 0x20).toBe(0);
    port.printed();
    expect(port.r(5) & 0x20).toBe(0x20);
  });

  test('a patient driver loses nothing to a slow reader', () => {
    const port = driven(0x02, 0xc1, 32);
    const text = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
    let sent = 0;
    let received = '';
    while (received.length < text.length) {
      while (port.irq.level && sent < text.length) {
        expect(port.r(2)).toBe(0xc2);
        for (let i = 0; i < 16 && sent < text.length; i++) port.w(0, text.charCodeAt(sent++));
      }
      received += String.fromCharCode(port.output.shift());
      if (port.uart.outputBlocked) port.uart.outputDrained();
    }
    expect(received).toBe(text);
    expect(port.state.droppedBytes).toBe(0);
  });
});

describe('receiver', () => {
  test('PC16550D §8.7: the data interrupt comes with a byte and goes with reading it', () => {
    const { r, irq, type } = driven(0x01, 0x01);
    type('a');
    expect(irq.level).toBe(true);
    expect(r(2)).toBe(0xc4);
    expect(r(5) & 0x01).toBe(1);
    expect(r(0)).toBe(0x61);
    expect(irq.level).toBe(false);
    expect(r(5) & 0x01).toBe(0);
  });

  test.each([
    [1, 0x01],
    [4, 0x41],
    [8, 0x81],
    [14, 0xc1],
  ])('PC16550D §8.5: trigger level %i: below it the cause is a timeout, from it on data', (level, fcr) => {
    const { r, type } = driven(0x01, fcr);
    type('x'.repeat(level - 1));
    expect(r(2)).toBe(level === 1 ? 0xc1 : 0xcc);
    type('x');
    expect(r(2)).toBe(0xc4);
  });

  test('a guest that reads late loses nothing: what the FIFO cannot hold waits outside', () => {
    const { r, type, input } = driven(0x01);
    const text = 'uname -a; echo one two three four';
    type(text);
    expect(input.length).toBe(text.length - 16);
    let read = '';
    while (r(5) & 1) read += String.fromCharCode(r(0));
    expect(read).toBe(text);
  });

  test('PC16550D §8.5: the receiver reset bit empties the FIFO, and so does turning FIFOs on or off', () => {
    const { r, w, type } = driven(0);
    type('a');
    w(2, 0xc3);
    expect(r(5) & 1).toBe(0);
    type('b');
    w(2, 0);
    expect(r(5) & 1).toBe(0);
    expect(r(2)).toBe(0x01);
  });

  test('PC16550D §8.4: a break interrupts as line status, shows at its place in the stream, and goes with reading LSR', () => {
    const { r, irq, type, uart } = driven(0x05, 0x01);
    type('a');
    uart.sendBreak();
    expect(r(5) & 0x90).toBe(0x80);
    expect(r(0)).toBe(0x61);
    expect(r(2)).toBe(0xc6);
    expect(r(5) & 0x91).toBe(0x91);
    expect(r(5) & 0x91).toBe(0x01);
    expect(r(0)).toBe(0);
    expect(irq.level).toBe(false);
  });

  test('a break that finds the FIFO full is told after the bytes before it', () => {
    const { r, type, uart } = driven(0);
    type('x'.repeat(16));
    uart.sendBreak();
    for (let i = 0; i < 16; i++) {
      expect(r(5) & 0x10).toBe(0);
      r(0);
    }
    expect(r(5) & 0x11).toBe(0x11);
  });
});

describe('modem control', () => {
  test('PC16550D §8.8: loopback shows the modem outputs as inputs, and changes as deltas', () => {
    const { r, w } = com1();
    w(4, 0x10);
    expect(r(6)).toBe(0x0b);
    expect(r(6)).toBe(0x00);
    for (const [mcr, lines] of [
      [0x11, 0x22],
      [0x13, 0x31],
      [0x17, 0x70],
      [0x1f, 0xf8],
    ] as const) {
      w(4, mcr);
      expect(r(6)).toBe(lines);
    }
  });

  test('PC16550D §8.9: TERI tells only the end of a ring', () => {
    const { r, w } = com1();
    w(4, 0x14);
    expect(r(6) & 0x44).toBe(0x40);
    w(4, 0x10);
    expect(r(6) & 0x44).toBe(0x04);
  });

  test('PC16550D §8.7: the modem status interrupt comes with a delta and goes with reading MSR', () => {
    const { r, w, irq } = driven(0x08);
    w(4, 0x10);
    w(4, 0x08);
    expect(irq.level).toBe(true);
    expect(r(2)).toBe(0xc0);
    r(6);
    expect(irq.level).toBe(false);
  });

  test('PC16550D §8.8: in loopback bytes come back and nothing enters or leaves', () => {
    const { r, w, output, type } = driven(0);
    w(4, 0x1b);
    type('host');
    w(0, 0x55);
    expect(output.length).toBe(0);
    expect(r(0)).toBe(0x55);
    expect(r(5) & 1).toBe(0);
    w(4, 0x0b);
    expect(r(0)).toBe(0x68);
  });

  test('PC16550D §8.4: a seventeenth byte in loopback is an overrun, told once', () => {
    const { r, w, state } = driven(0x04);
    w(4, 0x1b);
    for (let i = 0; i < 17; i++) w(0, i);
    expect(r(2)).toBe(0xc6);
    expect(r(5) & 0x02).toBe(0x02);
    expect(r(5) & 0x02).toBe(0);
    expect(state.overrunBytes).toBe(1);
  });

  test('OUT2 gates the interrupt line of a PC', () => {
    const { w, irq, type } = driven(0x01);
    w(4, 0);
    type('a');
    expect(irq.level).toBe(false);
    w(4, 0x08);
    expect(irq.level).toBe(true);
  });
});

test('PC16550D table IV: line status before data before THRE before modem status', () => {
  const { r, w, uart, type } = driven(0x0f, 0x01);
  w(4, 0x10);
  w(4, 0x08);
  uart.sendBreak();
  type('a');
  w(1, 0x0d);
  w(1, 0x0f);
  expect(r(2)).toBe(0xc6);
  r(5);
  expect(r(2)).toBe(0xc4);
  r(0);
  r(0);
  expect(r(2)).toBe(0xc2);
  expect(r(2)).toBe(0xc0);
  r(6);
  expect(r(2)).toBe(0xc1);
});

const access = fc.record({
  write: fc.boolean(),
  offset: fc.nat(9),
  size: fc.constantFrom<AccessSize>(1, 2, 4),
  value: fc.nat(0xffff_ffff),
  typed: fc.uint8Array({ maxLength: 20 }),
  taken: fc.nat(30),
});

test('a hostile driver gets bytes in range, whatever it does', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 200 }), (accesses) => {
      const { uart, input, output } = com1(32);
      for (const { write, offset, size, value, typed, taken } of accesses) {
        if (write) uart.write(offset, size, value);
        else
          expect(uart.read(offset, size)).toSatisfy((got: number) => Number.isInteger(got) && got >= 0 && got <= 0xff);
        input.pushBytes(typed);
        uart.inputAvailable();
        output.shiftInto(new Uint8Array(taken));
        uart.outputDrained();
      }
    }),
  );
});

test('a machine saved in the middle of a conversation goes on identically', () => {
  const saved = driven(0x0f, 0x41);
  saved.type('0123456789');
  saved.uart.sendBreak();
  saved.r(0);
  saved.w(0, 0x41);
  const output = ByteRing.allocate(64);
  output.push(0x41);
  const irq = new Line();
  const copy = new Uart16550(restored(Uart16550State, saved.state), { irq, output, input: ByteRing.allocate(16) });
  for (let i = 0; i < 12; i++) {
    for (const offset of [2, 5, 6, 0, 2, 1, 3, 4]) expect(copy.read(offset, 1)).toBe(saved.r(offset));
    expect(irq.level).toBe(saved.irq.level);
  }
  expect(saved.r(5)).toBe(0x60);
});

test('master reset forgets the driver and keeps bytes in the rings', () => {
  const { uart, r, type, input, w, irq } = driven(0x0f);
  type('x'.repeat(20));
  w(0, 1);
  uart.reset();
  expect([r(1), r(2), r(4), irq.level]).toEqual([0, 1, 0, false]);
  expect(r(5)).toBe(0x61);
  expect(input.length).toBe(3);
});
