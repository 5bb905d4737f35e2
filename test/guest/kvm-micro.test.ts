import { afterEach, describe, expect, it } from 'vitest';
import { PostCodeState } from '../../src-main/devices/legacy/debug-ports.ts';
import { Uart16550State } from '../../src-main/devices/legacy/uart16550.ts';
import {
  ECAM_SIZE,
  GiB,
  HIGH_RAM_START,
  LOW_RAM_END,
  MiB,
  PCI_WINDOW_END,
  PCI_WINDOW_START,
} from '../../src-main/vmm/layout.ts';
import { MACHINE_EVENT } from '../../src-main/vmm/machine/machine-events.ts';
import { REQUEST, SIGNAL } from '../../src-main/vmm/vcpu/vcpu-control.ts';
import { MicroVm } from '../support/micro-vm.ts';
import { need } from '../support/need.ts';
import { RecordingDevice } from '../support/recording-device.ts';
import * as guests from './micro/guests.ts';

const CODE = 0x1000;
const STOPPED = { kind: 'stopped' };

describe('a micro-guest on KVM', () => {
  const met = need('kvm');
  let vm: MicroVm;

  function make(code: Uint8Array, memoryBytes = 4 * MiB): MicroVm {
    vm = MicroVm.create({ memoryBytes });
    vm.load(code, CODE);
    return vm;
  }

  function makeReal(code: Uint8Array): MicroVm {
    vm = MicroVm.create({ memoryBytes: 4 * MiB });
    vm.loadReal(code, CODE);
    return vm;
  }

  function makeLong(code: Uint8Array, memoryBytes: number): MicroVm {
    vm = MicroVm.create({ memoryBytes });
    vm.loadLong(code, CODE);
    return vm;
  }

  afterEach(() => {
    if (met) vm[Symbol.dispose]();
  });

  describe('port I/O (KVM API §5, KVM_EXIT_IO)', () => {
    it('reaches the device as accesses of 1, 2 and 4 bytes, and the answers reach the guest', () => {
      const device = new RecordingDevice();
      make(guests.portWidths).board.ports.claim(0x300, 4, device);
      expect(vm.run()).toEqual(STOPPED);
      expect(device.seen).toEqual(['w1 0x0 0x11', 'w2 0x0 0x2211', 'w4 0x0 0x44332211', 'r1 0x0', 'r2 0x0', 'r4 0x0']);
      expect([vm.word(0x3000), vm.word(0x3004), vm.word(0x3008)]).toEqual([0xa0, 0xa1a0, 0xa3a2a1a0]);
      expect(vm.control.portExits).toBe(7);
    });

    it('moves strings in both directions, every element to the same port', () => {
      const device = new RecordingDevice();
      make(guests.portStrings).board.ports.claim(0x300, 4, device);
      vm.vm.memory.write(0x3000, new TextEncoder().encode('hello'));
      vm.vm.memory.write(0x3010, new Uint8Array(Uint16Array.of(0x1111, 0x2222, 0x3333).buffer));
      expect(vm.run()).toEqual(STOPPED);
      const written = device.seen.filter((access) => access.startsWith('w'));
      expect(written).toEqual([
        ...['h', 'e', 'l', 'l', 'o'].map((letter) => `w1 0x0 0x${letter.charCodeAt(0).toString(16)}`),
        ...['w2 0x0 0x1111', 'w2 0x0 0x2222', 'w2 0x0 0x3333'],
      ]);
      expect([vm.word(0x3020), vm.word(0x3024)]).toEqual([0xa0a0a0a0, 0]);
      expect([vm.word(0x3030), vm.word(0x3034), vm.word(0x3038)]).toEqual([0xa3a2a1a0, 0xa3a2a1a0, 0]);
    });
  });

  describe('MMIO (KVM API §5, KVM_EXIT_MMIO)', () => {
    const MMIO = 0xd800_0000;

    it('reaches the device as accesses of 1, 2 and 4 bytes, and the answers reach the guest', () => {
      const device = new RecordingDevice();
      make(guests.mmioWidths).board.mmio.claim(MMIO, 0x1000, device);
      expect(vm.run()).toEqual(STOPPED);
      expect(device.seen).toEqual(['w1 0x0 0x11', 'w2 0x0 0x2211', 'w4 0x0 0x44332211', 'r1 0x0', 'r2 0x0', 'r4 0x0']);
      expect([vm.word(0x3000), vm.word(0x3004), vm.word(0x3008)]).toEqual([0xa0, 0xa1a0, 0xa3a2a1a0]);
      expect(vm.control.mmioExits).toBe(6);
    });

    it('takes eight bytes as two accesses, the lower first', () => {
      const device = new RecordingDevice();
      make(guests.mmioEight).board.mmio.claim(MMIO, 0x1000, device);
      expect(vm.run()).toEqual(STOPPED);
      expect(device.seen).toEqual(['r4 0x0', 'r4 0x4', 'w4 0x0 0x44332211', 'w4 0x4 0x88776655']);
      expect([vm.word(0x3000), vm.word(0x3004)]).toEqual([0xa3a2a1a0, 0xa7a6a5a4]);
    });

    it('across the end of a device is the device’s share of the access, and nothing', () => {
      const device = new RecordingDevice();
      make(guests.mmioEdge).board.mmio.claim(MMIO, 8, device);
      expect(vm.run()).toEqual(STOPPED);
      expect(device.seen).toEqual(['w2 0x6 0x2211', 'r2 0x6']);
      expect(vm.word(0x3000)).toBe(0xffff_a7a6);
      expect([vm.control.unclaimedReads, vm.control.unclaimedWrites]).toEqual([1, 1]);
    });

    it('may be both ends of one instruction', () => {
      const device = new RecordingDevice();
      make(guests.mmioToMmio).board.mmio.claim(MMIO, 0x1000, device);
      expect(vm.run()).toEqual(STOPPED);
      expect(device.seen).toEqual(['r4 0x0', 'w4 0x10 0xa3a2a1a0', 'r4 0x0', 'r4 0x4']);
      expect([vm.word(0x3000), vm.word(0x3004)]).toEqual([0xa3a2a1a0, 0xa7a6a5a4]);
    });

    it('is finished before an order is obeyed: stopped between the read and the write, a move has done both', () => {
      const device = new RecordingDevice();
      make(guests.mmioToMmio).board.mmio.claim(MMIO, 0x1000, {
        widest: 4,
        read: (offset, size) => {
          Atomics.store(vm.control.signals, SIGNAL.request, REQUEST.stop);
          return device.read(offset, size);
        },
        write: (offset, size, value) => device.write(offset, size, value),
      });
      expect(vm.run()).toEqual(STOPPED);
      expect(device.seen).toEqual(['r4 0x0', 'w4 0x10 0xa3a2a1a0']);
    });

    it('where there is nothing reads all ones, and writes vanish', () => {
      expect(make(guests.holes).run()).toEqual(STOPPED);
      expect([0x3000, 0x3004, 0x3008, 0x300c].map((at) => vm.word(at))).toEqual([
        0xff, 0xffff, 0xffff_ffff, 0xffff_ffff,
      ]);
      expect([vm.control.unclaimedReads, vm.control.unclaimedWrites]).toEqual([4, 2]);
    });
  });

  describe('RAM beyond 1 GiB (KVM API §4.35)', () => {
    it('is one to the guest across memory slots, and ends where the hole begins', () => {
      make(guests.ramEdges, 5 * GiB);
      expect(vm.vm.memory.size).toBe(5 * GiB);
      expect(vm.run()).toEqual(STOPPED);
      expect(vm.word(1 * GiB - 2)).toBe(0x4433_2211);
      expect(vm.word(LOW_RAM_END - 4)).toBe(0x8877_6655);
      expect(vm.word(0x3000)).toBe(0xffff_ffff);
    });

    it('lies at 4 GiB behind the hole, up to its last byte', () => {
      const { memory } = makeLong(guests.ramAbove4GiB, 5 * GiB).vm;
      memory.write(HIGH_RAM_START + 0x1000, Uint8Array.of(1, 2, 3, 4));
      expect(vm.run()).toEqual(STOPPED);
      expect(vm.word(0x3000)).toBe(0x0403_0201);
      expect(vm.word(HIGH_RAM_START + 0x1004)).toBe(0x4433_2211);
      expect(memory.window(HIGH_RAM_START + 2 * GiB - 4, 4)).toHaveLength(4);
      expect(memory.window(HIGH_RAM_START + 2 * GiB - 3, 4)).toBeUndefined();
    });
  });

  describe('interrupts through the in-kernel 8259A', () => {
    it('wake a sleeping guest: COM1 can send, IRQ 4, its handler, and back', () => {
      expect(makeReal(guests.uartInterrupt).run()).toEqual(STOPPED);
      expect([...vm.debugOutput()]).toEqual([0x41, 0x02, 0x42]);
    });
  });

  describe('what ends a run', () => {
    it('SDM 3A §6.15: a triple fault is told as such', () => {
      expect(make(guests.tripleFault).run()).toEqual({ kind: 'triple-fault' });
    });

    it('debug exit leaves its code to the machine', async () => {
      expect(make(guests.debugExit).run()).toEqual(STOPPED);
      expect(await vm.board.events.take()).toEqual({ bits: MACHINE_EVENT.debugExit, value: 0x21 });
    });
  });

  describe('platform chips from inside', () => {
    it('CMOS tells the memory above 16 MiB; the POST code is kept and read back', () => {
      expect(make(guests.cmos, 80 * MiB).run()).toEqual(STOPPED);
      expect(vm.word(0x3000) & 0xff_ffff).toBe(0x55_0400);
      expect(vm.arena.place(PostCodeState, 'post').code).toBe(0x55);
    });

    it('a guest that prints without asking loses what finds no room, and nothing else: THRE is off, the rest is counted', () => {
      const { output } = make(guests.printBlindly).board.console;
      output.pushBytes(new Uint8Array(output.space - 1500));
      expect(vm.run()).toEqual(STOPPED);
      expect(output.space).toBe(0);
      expect(vm.arena.place(Uart16550State, 'com1').droppedBytes).toBe(500);
      expect(vm.word(0x3000) & 0x60).toBe(0);
      output.clear();
      vm.board.console.drained();
      expect(vm.board.ports.read(0x3fd, 1) & 0x60).toBe(0x60);
    });
  });

  describe('hostile guests', () => {
    it('writing and reading every port leaves a machine that a reset makes whole', () => {
      make(guests.everyPort);
      // The guest writes to port 0xf8 twice: when the loop gets there, and at its end.
      expect(vm.run()).toEqual(STOPPED);
      expect(vm.run()).toEqual(STOPPED);
      expect(vm.control.portExits).toBeGreaterThan(2 * 0xff00);
      vm.reset();
      vm.load(guests.cmos, CODE);
      expect(vm.run()).toEqual(STOPPED);
      expect((vm.word(0x3000) >> 16) & 0xff).toBe(0x55);
    });

    it('writing and reading every hole below 4 GiB is counted and does no harm', () => {
      expect(make(guests.everyHole).run()).toEqual(STOPPED);
      // RAM, PCI, the IOAPIC and the local APIC are no holes.
      const pci = ECAM_SIZE + PCI_WINDOW_END - PCI_WINDOW_START;
      expect(vm.control.unclaimedReads).toBe((4 * GiB - 4 * MiB - pci) / guests.EVERY_HOLE_STEP - 2);
    });
  });

  describe('reset', () => {
    it('gives the same run again: registers, interrupt mask, local APIC and chips', () => {
      make(guests.dumpAndSpoil);
      expect(vm.run()).toEqual(STOPPED);
      const first = [...vm.debugOutput()];
      expect(first).toHaveLength(32 + 6);
      vm.reset();
      vm.load(guests.dumpAndSpoil, CODE);
      expect(vm.run()).toEqual(STOPPED);
      expect([...vm.debugOutput()]).toEqual(first);
    });

    it('without it the guest meets what it left', () => {
      make(guests.dumpAndSpoil);
      vm.run();
      const first = [...vm.debugOutput()];
      vm.load(guests.dumpAndSpoil, CODE);
      vm.run();
      expect([...vm.debugOutput()]).not.toEqual(first);
    });
  });
});
