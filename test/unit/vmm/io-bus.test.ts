import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lock } from '../../../src-main/base/lock.ts';
import { type AccessSize, IoBus, type IoDevice } from '../../../src-main/vmm/bus/io-bus.ts';

/** Remembers what reached it; reads answer the offset in each byte. */
class Recorder implements IoDevice {
  readonly seen: string[] = [];

  constructor(readonly widest: AccessSize) {}

  read(offset: number, size: AccessSize): number {
    this.seen.push(`r${size}@${offset}`);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + offset + i;
    return value;
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.seen.push(`w${size}@${offset}=${value.toString(16)}`);
  }
}

function busWith(base: number, length: number, widest: AccessSize) {
  const bus = new IoBus();
  const device = new Recorder(widest);
  bus.claim(base, length, device);
  return { bus, device };
}

test('reads of nothing answer all ones, writes vanish, and each is counted once', () => {
  const bus = new IoBus();
  expect([bus.read(0x10, 1), bus.read(0x10, 2), bus.read(0x10, 4)]).toEqual([0xff, 0xffff, 0xffff_ffff]);
  bus.write(0x10, 4, 1);
  expect([bus.unclaimedReads, bus.unclaimedWrites]).toEqual([3, 1]);
});

test('a device sees offsets from its base', () => {
  const { bus, device } = busWith(0x3f8, 8, 1);
  expect(bus.read(0x3fd, 1)).toBe(5);
  bus.write(0x3f8, 1, 0x41);
  expect(device.seen).toEqual(['r1@5', 'w1@0=41']);
});

test('an access wider than the device decodes reaches it in pieces, lowest address first', () => {
  const { bus, device } = busWith(0x100, 8, 1);
  expect(bus.read(0x100, 4)).toBe(0x0302_0100);
  bus.write(0x102, 4, 0xdead_beef);
  expect(device.seen).toEqual(['r1@0', 'r1@1', 'r1@2', 'r1@3', 'w1@2=ef', 'w1@3=be', 'w1@4=ad', 'w1@5=de']);
});

test("an access over a device's edge: the part outside is nothing", () => {
  const { bus, device } = busWith(0x100, 3, 4);
  expect(bus.read(0x100, 4)).toBe(0xff02_0100);
  expect(bus.read(0xfe, 4)).toBe(0x0100_ffff);
  expect(device.seen).toEqual(['r2@0', 'r1@2', 'r2@0']);
  bus.write(0x102, 2, 0xaabb);
  expect(device.seen.at(-1)).toBe('w1@2=bb');
});

test('an access over two devices reaches both', () => {
  const { bus, device } = busWith(0x100, 2, 4);
  const next = new Recorder(4);
  bus.claim(0x102, 2, next);
  bus.write(0x100, 4, 0x1234_5678);
  expect([device.seen, next.seen]).toEqual([['w2@0=5678'], ['w2@0=1234']]);
});

test('addresses beyond 4 GiB are addresses like others', () => {
  const { bus } = busWith(2 ** 40, 4, 4);
  expect(bus.read(2 ** 40, 2)).toBe(0x0100);
  expect(bus.read(0, 1)).toBe(0xff);
});

test('overlapping claims are our own mistake', () => {
  const { bus } = busWith(0x100, 8, 1);
  expect(() => bus.claim(0x107, 1, new Recorder(1))).toThrow('claimed already');
  bus.claim(0x108, 1, new Recorder(1));
});

test("the chip's lock is held during each access, and released when the chip fails", () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const bus = new IoBus();
  let held: number | undefined;
  const device: IoDevice = {
    widest: 1,
    read: () => {
      held = words[0];
      return 0;
    },
    write: () => {
      throw new Error('chip');
    },
  };
  bus.claim(0, 1, device, new Lock(words, 0));
  bus.read(0, 1);
  expect([held, words[0]]).toEqual([1, 0]);
  expect(() => bus.write(0, 1, 0)).toThrow('chip');
  expect(words[0]).toBe(0);
});

test('whatever is claimed, each byte of an access is answered by its own address', () => {
  const claims = fc.uniqueArray(fc.record({ slot: fc.nat(15), length: fc.integer({ min: 1, max: 4 }) }), {
    selector: ({ slot }) => slot,
  });
  const accesses = fc.array(fc.tuple(fc.nat(66), fc.constantFrom<AccessSize>(1, 2, 4)), { maxLength: 40 });
  fc.assert(
    fc.property(claims, fc.constantFrom<AccessSize>(1, 2, 4), accesses, (slots, widest, all) => {
      const bus = new IoBus();
      const expected = new Array<number>(80).fill(0xff);
      for (const { slot, length } of slots) {
        bus.claim(slot * 4, length, new Recorder(widest));
        for (let i = 0; i < length; i++) expected[slot * 4 + i] = i;
      }
      for (const [address, size] of all) {
        let value = 0;
        for (let i = size - 1; i >= 0; i--) value = value * 256 + expected[address + i]!;
        expect(bus.read(address, size)).toBe(value);
      }
    }),
  );
});
