import { Arena } from '../../src-main/base/shared-struct.ts';
import type { BootImage } from '../../src-main/boot/boot-image.ts';
import type { VcpuStop } from '../../src-main/hypervisor/hypervisor.ts';
import { kvmIrqDriver } from '../../src-main/hypervisor/kvm/irq-driver.ts';
import { kvmHypervisor } from '../../src-main/hypervisor/kvm/kvm-hypervisor.ts';
import type { KvmVm } from '../../src-main/hypervisor/kvm/kvm-vm.ts';
import { runKvmVcpu } from '../../src-main/hypervisor/kvm/run-loop.ts';
import { type Board, buildBoard } from '../../src-main/vmm/machine/board.ts';
import { REQUEST, SIGNAL, VcpuControl } from '../../src-main/vmm/vcpu/vcpu-control.ts';

export interface MicroVmOptions {
  readonly memoryBytes: number;
}

/** A flat GDT for guests that load segments: null, null, code 0x10, data 0x18 (SDM 3A §3.4.5). */
const GDT_ADDRESS = 0x500;
const gdt = new Uint8Array(BigUint64Array.of(0n, 0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn).buffer);
const STACK_TOP = 0x8000;

/** A write here leaves the exit loop, as an order to stop would. */
export const STOP_PORT = 0xf8;

/**
 * A few bytes of 32-bit code on real KVM with the shipping board and exit loop, run in the calling thread. A write to
 * `STOP_PORT` ends the run. No workers, no sockets.
 */
export class MicroVm {
  private constructor(
    readonly vm: KvmVm,
    readonly board: Board,
    readonly control: VcpuControl,
  ) {}

  static create({ memoryBytes }: MicroVmOptions): MicroVm {
    const arena = Arena.build();
    const options = { memoryBytes, debugExit: true };
    const control = arena.place(VcpuControl, 'vcpu0');
    let drive: (gsi: number, level: boolean) => void = () => {};
    const board = buildBoard({ arena, options, setIrq: (gsi, level) => drive(gsi, level), counters: control });
    const vm = kvmHypervisor.createVm({ name: 'micro', memoryBytes, cpus: 1, arena });
    const seed = vm.vcpuSeed(0);
    drive = kvmIrqDriver(seed.vmFd);
    board.ports.claim(STOP_PORT, 1, {
      widest: 1,
      read: () => 0xff,
      write: () => Atomics.store(control.signals, SIGNAL.request, REQUEST.stop),
    });
    return new MicroVm(vm, board, control);
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
