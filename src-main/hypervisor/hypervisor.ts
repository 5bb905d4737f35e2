import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import type { Arena, ArenaSeed } from '../base/shared-struct.ts';
import type { BootImage } from '../boot/boot-image.ts';
import type { VcpuCpu } from '../cpu/resolve.ts';
import type { Doorbells } from '../vmm/interrupts/doorbells.ts';
import type { RamSeed } from '../vmm/memory/guest-memory.ts';
import type { DoorbellSeed } from './kvm/doorbells.ts';

export type AcceleratorName = 'kvm' | 'translated';

/** Whether an accelerator can run ordinary guests on this host, in plain words. */
export interface Verdict {
  readonly accelerator: AcceleratorName;
  readonly usable: boolean;
  /** One sentence: what is there, or why it cannot be used. */
  readonly detail: string;
  /** What to do about it, where something can be done. */
  readonly hint?: string;
  /** Whether it can run anything at all (integer micro-guests), even if not an ordinary operating system. */
  readonly present: boolean;
  readonly maxVcpus: number;
}

export interface VmOptions {
  readonly name: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** What each vCPU is told it is, `cpus` of them; without it, whatever the host can give. */
  readonly processors?: readonly VcpuCpu[] | undefined;
  /** Still being built: the accelerator places state of its own there. */
  readonly arena: Arena;
  /** How many queues each device has whose queues are served. */
  readonly queues?: readonly number[] | undefined;
}

/** Why a vCPU thread left its loop for good, or what it wants the machine to do. */
export type VcpuStop =
  /** Asked to end. */
  | { readonly kind: 'stopped' }
  /** Triple fault: what a PC answers with a reset (SDM 3A §6.15, #DF). */
  | { readonly kind: 'triple-fault' }
  /** The accelerator cannot go on; the machine is paused in the state it is in. */
  | { readonly kind: 'internal-error'; readonly detail: string };

/**
 * One virtual machine as the accelerator holds it, seen from the VM host's main thread. vCPU threads are workers; what
 * they share with this side is the arena and, in their seed, whatever the accelerator needs there.
 */
export interface Vm extends Disposable {
  readonly accelerator: AcceleratorName;
  /** Time as the guest's own timers count it: where the accelerator can stop those, it stands still during a pause. */
  readonly clock: Clock;
  /** Rings the queues' doorbells from this thread. */
  readonly doorbells: Doorbells;
  /** Delivers an MSI from this thread; undefined where there are none. */
  readonly message: ((addressLow: number, addressHigh: number, data: number) => void) | undefined;
  /** Cloneable `workerData` for the thread that serves queues; undefined where vCPU 0's thread does. */
  ioSeed(): IoSeed | undefined;
  /** Cloneable `workerData` for the thread of vCPU `index`. */
  vcpuSeed(index: number): VcpuSeed;
  /** Fills RAM and sets every vCPU to the image's start. The vCPUs must be paused or not yet started. */
  load(image: BootImage): void | Promise<void>;
  /** Interrupt chip and timers back to power-on. The vCPUs must be paused. */
  reset(): void | Promise<void>;
  /** The guest is paused: its clocks should stand still. The vCPUs stand still already. */
  stopTime(): void;
  /** The guest is about to run again: its clocks go on from where they stood. */
  resumeTime(): void;
  /** Makes vCPU `index` look at its control words soon, from wherever it is. */
  kick(index: number): void;
  /** Drives GSI `gsi`; callable from this thread only (worker threads have their own, from their seed). */
  setIrq(gsi: number, level: boolean): void;
}

/** What the I/O worker is started with. */
export interface IoSeed {
  readonly arena: ArenaSeed;
  readonly vmFd: number;
  readonly ram: RamSeed;
  readonly doorbells: DoorbellSeed;
}

/** What a vCPU worker is started with. */
export type VcpuSeed = KvmVcpuSeed | TranslatedVcpuSeed;

export interface KvmVcpuSeed {
  readonly accelerator: 'kvm';
  readonly index: number;
  readonly arena: ArenaSeed;
  readonly vmFd: number;
  readonly vcpuFd: number;
  readonly doorbells: DoorbellSeed;
  /** The buffer the kernel's kvm_run page is mapped over, and where in it. */
  readonly run: { readonly buffer: SharedArrayBuffer; readonly offset: number; readonly size: number };
}

export interface TranslatedVcpuSeed {
  readonly accelerator: 'translated';
  readonly index: 0;
  readonly arena: ArenaSeed;
  readonly memoryBytes: number;
  /** What the main thread wants loaded or reset; transferred, not cloned. */
  readonly orders: MessagePort;
}
