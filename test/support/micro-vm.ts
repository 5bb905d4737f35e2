import { systemClock } from '../../src-main/base/clock.ts';
import { Arena } from '../../src-main/base/shared-struct.ts';
import type { BootImage } from '../../src-main/boot/boot-image.ts';
import { flatGdt } from '../../src-main/boot/flat-gdt.ts';
import type { VcpuStop } from '../../src-main/hypervisor/hypervisor.ts';
import { kvmIrqDriver } from '../../src-main/hypervisor/kvm/irq-driver.ts';
import { kvmHypervisor } from '../../src-main/hypervisor/kvm/kvm-hypervisor.ts';
import type { KvmVm } from '../../src-main/hypervisor/kvm/kvm-vm.ts';
import { runKvmVcpu } from '../../src-main/hypervisor/kvm/run-loop.ts';
import { readBlock, writeBlock } from '../../src-main/hypervisor/kvm/vcpu-state.ts';
import { Fd } from '../../src-main/linux/fd.ts';
import { type Board, type BoardOptions, buildBoard } from '../../src-main/vmm/machine/board.ts';
import { REQUEST, SIGNAL, VcpuControl } from '../../src-main/vmm/vcpu/vcpu-control.ts';

export interface MicroVmOptions {
  readonly memoryBytes: number;
}

/** A flat GDT for guests that load segments: null, null, code 0x10, data 0x18 (SDM 3A §3.4.5). */
const GDT_ADDRESS = 0x500;
const gdt = new Uint8Array(BigUint64Array.of(0n, 0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn).buffer);
const STACK_TOP = 0x8000;

const PAGE_TABLES = 0x1_0000;
/** Present, writable, 2 MiB (SDM 3A table 4-17). */
const LARGE_PAGE = 0x83n;

/** struct kvm_sregs: cs first (base u64, limit u32, selector u16); struct kvm_regs: rip. */
const CS_BASE = 0;
const CS_SELECTOR = 12;
const RIP = 128;

/** A write here leaves the exit loop, as an order to stop would. */
export const STOP_PORT = 0xf8;

/**
 * A few bytes of 32-bit code on real KVM with the shipping board and exit loop, run in the calling thread. A write to
 * `STOP_PORT` ends the run. No workers, no sockets.
 */
export class MicroVm {
  private constructor(
    readonly arena: Arena,
    readonly options: BoardOptions,
    readonly vm: KvmVm,
    readonly board: Board,
    readonly control: VcpuControl,
  ) {}

  static create({ memoryBytes }: MicroVmOptions): MicroVm {
    const arena = Arena.build();
    const options = { memoryBytes, debugExit: true };
    const control = arena.place(VcpuControl, 'vcpu0');
    let drive: (gsi: number, level: boolean) => void = () => {};
    const board = buildBoard({
      arena,
      options,
      setIrq: (gsi, level) => drive(gsi, level),
      clock: systemClock,
      counters: control,
    });
    const vm = kvmHypervisor.createVm({ name: 'micro', memoryBytes, cpus: 1, arena });
    const seed = vm.vcpuSeed(0);
    drive = kvmIrqDriver(seed.vmFd);
    board.ports.claim(STOP_PORT, 1, {
      widest: 1,
      read: () => 0xff,
      write: () => Atomics.store(control.signals, SIGNAL.request, REQUEST.stop),
    });
    return new MicroVm(arena, options, vm, board, control);
  }

  /** Puts `code` at `address` and the vCPU at its first byte: flat 32-bit protected mode, interrupts off. */
  load(code: Uint8Array, address: number): void {
    const image: BootImage = {
      description: 'micro-guest',
      segments: [
        { gpa: GDT_ADDRESS, bytes: gdt },
        { gpa: address, bytes: code },
      ],
      entry: {
        mode: 'protected32',
        eip: address,
        esi: 0,
        ebx: 0,
        esp: STACK_TOP,
        gdt: { base: GDT_ADDRESS, limit: gdt.length - 1 },
      },
      dispose: () => {},
    };
    this.vm.load(image);
  }

  /** Puts `code` at `address` below 64 KiB and the vCPU, just made or reset, at its first byte: real mode, segments 0. */
  loadReal(code: Uint8Array, address: number): void {
    this.vm.memory.write(address, code);
    const vcpu = new Fd(this.vm.vcpuSeed(0).vcpuFd, 'vCPU');
    const special = readBlock(vcpu, 'SREGS');
    special.setBigUint64(CS_BASE, 0n, true);
    special.setUint16(CS_SELECTOR, 0, true);
    writeBlock(vcpu, 'SREGS', special);
    const registers = readBlock(vcpu, 'REGS');
    registers.setBigUint64(RIP, BigInt(address), true);
    writeBlock(vcpu, 'REGS', registers);
  }

  /** Puts `code` at `address` and the vCPU at its first byte: 64-bit mode, 0 to 2 MiB and 4 GiB to 4 GiB + 2 MiB mapped. */
  loadLong(code: Uint8Array, address: number): void {
    const tables = new BigUint64Array(4 * 512);
    tables[0] = BigInt(PAGE_TABLES + 0x1000) | 3n;
    tables[512] = BigInt(PAGE_TABLES + 0x2000) | 3n;
    tables[512 + 4] = BigInt(PAGE_TABLES + 0x3000) | 3n;
    tables[2 * 512] = LARGE_PAGE;
    tables[3 * 512] = (1n << 32n) | LARGE_PAGE;
    const { segment, table } = flatGdt('long64');
    this.vm.load({
      description: 'micro-guest',
      segments: [segment, { gpa: PAGE_TABLES, bytes: new Uint8Array(tables.buffer) }, { gpa: address, bytes: code }],
      entry: { mode: 'long64', rip: address, rsi: 0, rsp: STACK_TOP, cr3: PAGE_TABLES, gdt: table },
      dispose: () => {},
    });
  }

  /** Power-on state, as the machine's reset makes it. */
  reset(): void {
    this.vm.reset();
    this.board.reset();
  }

  /** The double word the guest left at `address`. */
  word(address: number): number {
    const bytes = new Uint8Array(4);
    this.vm.memory.read(address, bytes);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /** What the guest has written to the debug console since the last call. */
  debugOutput(): Uint8Array {
    const bytes = new Uint8Array(this.board.debugConsole.length);
    this.board.debugConsole.shiftInto(bytes);
    return bytes;
  }

  /** Enters the guest until the loop ends: stopped through `STOP_PORT`, or with what the accelerator could not do. */
  run(): VcpuStop {
    Atomics.store(this.control.signals, SIGNAL.request, REQUEST.run);
    return runKvmVcpu({
      seed: this.vm.vcpuSeed(0),
      control: this.control,
      ports: this.board.ports,
      mmio: this.board.mmio,
    });
  }

  [Symbol.dispose](): void {
    this.vm.dispose();
  }
}
