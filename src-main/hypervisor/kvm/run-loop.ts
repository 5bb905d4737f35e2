import { systemClock } from '../../base/clock.ts';
import { invariant } from '../../base/failure.ts';
import { rawIoctl } from '../../linux/fd.ts';
import { errno, errnoName } from '../../linux/libc.ts';
import type { AccessSize, IoBus } from '../../vmm/bus/io-bus.ts';
import { REQUEST, SIGNAL, VCPU, type VcpuControl } from '../../vmm/vcpu/vcpu-control.ts';
import type { KvmVcpuSeed, VcpuStop } from '../hypervisor.ts';
import { EXIT, KVM } from './ioctls.ts';

/** struct kvm_run (KVM API §5), in bytes; the union of exits starts at 32. */
const RUN = {
  immediateExit: 1,
  exitReason: 8,
  ioDirection: 32,
  ioSize: 33,
  ioPort: 34,
  ioCount: 36,
  ioDataOffset: 40,
  mmioAddress: 32,
  mmioData: 40,
  mmioLength: 48,
  mmioIsWrite: 52,
  internalSuberror: 32,
  failEntryReason: 32,
  systemEventType: 32,
} as const;

/** kvm_run.io.direction. */
const IO_OUT = 1;

/** struct kvm_run.internal.suberror, linux/kvm.h. */
const suberrors: Record<number, string> = {
  1: 'the instruction at the guest’s program counter cannot be emulated',
  2: 'simultaneous exceptions',
  3: 'an event could not be delivered',
  4: 'unexpected exit reason',
};

export interface KvmVcpuEnvironment {
  readonly seed: KvmVcpuSeed;
  readonly control: VcpuControl;
  readonly ports: IoBus;
  readonly mmio: IoBus;
}

/** The kernel's kvm_run page, seen through typed views. */
interface RunPage {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
}

/**
 * Runs one vCPU in the calling thread until it is asked to stop or cannot go on: enter the guest, service the exit in
 * place, enter again. Nothing is allocated per exit.
 *
 * An I/O or MMIO instruction is only complete on the next entry (KVM API §5, "kvm_run"), and may exit again before it
 * is. An order is therefore obeyed only once an entry with immediate_exit has come back with EINTR: the vCPU then
 * stands between two instructions and its registers are whole.
 */
export function runKvmVcpu(environment: KvmVcpuEnvironment): VcpuStop {
  const { seed, control, ports, mmio } = environment;
  const run = runPage(seed);
  const { signals } = control;
  for (;;) {
    const ordered = Atomics.load(signals, SIGNAL.request) !== REQUEST.run;
    if (ordered) run.u8[RUN.immediateExit] = 1;
    if (rawIoctl(seed.vcpuFd, KVM.RUN, 0) < 0) {
      const name = errnoName(errno());
      if (name !== 'EINTR' && name !== 'EAGAIN') return { kind: 'internal-error', detail: `KVM_RUN: ${name}` };
      run.u8[RUN.immediateExit] = 0;
      if (ordered && obey(control)) return { kind: 'stopped' };
      continue;
    }
    switch (run.u32[RUN.exitReason / 4]) {
      case EXIT.IO:
        control.portExits++;
        portExit(run, ports);
        break;
      case EXIT.MMIO:
        control.mmioExits++;
        mmioExit(run, mmio);
        break;
      case EXIT.SHUTDOWN:
        return { kind: 'triple-fault' };
      case EXIT.INTR:
      case EXIT.IRQ_WINDOW_OPEN:
      case EXIT.HLT:
        control.otherExits++;
        break;
      default:
        return { kind: 'internal-error', detail: describeExit(run) };
    }
  }
}

function runPage({ run: { buffer, offset, size } }: KvmVcpuSeed): RunPage {
  return {
    u8: new Uint8Array(buffer, offset, size),
    u16: new Uint16Array(buffer, offset, size / 2),
    u32: new Uint32Array(buffer, offset, size / 4),
  };
}

/** Carries out what the machine wants; true when that is to leave the loop. */
function obey(control: VcpuControl): boolean {
  const { signals } = control;
  for (;;) {
    const request = Atomics.load(signals, SIGNAL.request);
    if (request === REQUEST.stop) return true;
    if (request === REQUEST.run) break;
    announce(signals, VCPU.paused);
    Atomics.wait(signals, SIGNAL.request, REQUEST.pause);
  }
  announce(signals, VCPU.running);
  if (control.firstEntryMs === 0) control.firstEntryMs = systemClock.monotonicMs();
  return false;
}

function announce(signals: Int32Array, state: number): void {
  Atomics.store(signals, SIGNAL.state, state);
  Atomics.notify(signals, SIGNAL.state);
}

/** Serves KVM_EXIT_IO: `count` accesses of one size to one port; more than one for string instructions. */
function portExit(run: RunPage, ports: IoBus): void {
  const port = run.u16[RUN.ioPort / 2]!;
  const size = run.u8[RUN.ioSize] as AccessSize;
  const count = run.u32[RUN.ioCount / 4]!;
  const out = run.u8[RUN.ioDirection] === IO_OUT;
  let at = run.u32[RUN.ioDataOffset / 4]!;
  for (let i = 0; i < count; i++, at += size) {
    if (out) ports.write(port, size, load(run, at, size));
    else store(run, at, size, ports.read(port, size));
  }
}

/** Serves KVM_EXIT_MMIO. Lengths other than 1, 2 and 4 (8; odd ones across a page) go in the largest pieces that fit. */
function mmioExit(run: RunPage, mmio: IoBus): void {
  const address = run.u32[RUN.mmioAddress / 4]! + run.u32[RUN.mmioAddress / 4 + 1]! * 2 ** 32;
  const length = run.u32[RUN.mmioLength / 4]!;
  const isWrite = run.u8[RUN.mmioIsWrite] !== 0;
  for (let done = 0; done < length; ) {
    const rest = length - done;
    const size: AccessSize = rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
    const at = RUN.mmioData + done;
    if (isWrite) mmio.write(address + done, size, load(run, at, size));
    else store(run, at, size, mmio.read(address + done, size));
    done += size;
  }
}

function load({ u8 }: RunPage, at: number, size: AccessSize): number {
  if (size === 1) return u8[at]!;
  if (size === 2) return u8[at]! | (u8[at + 1]! << 8);
  return (u8[at]! | (u8[at + 1]! << 8) | (u8[at + 2]! << 16) | (u8[at + 3]! << 24)) >>> 0;
}

function store({ u8 }: RunPage, at: number, size: AccessSize, value: number): void {
  for (let i = 0; i < size; i++) u8[at + i] = value >>> (8 * i);
}

function describeExit({ u32 }: RunPage): string {
  const reason = u32[RUN.exitReason / 4]!;
  if (reason === EXIT.INTERNAL_ERROR) {
    const suberror = u32[RUN.internalSuberror / 4]!;
    return `KVM internal error ${suberror}: ${suberrors[suberror] ?? 'unknown'}`;
  }
  if (reason === EXIT.FAIL_ENTRY) {
    return `KVM could not enter the guest: hardware reason 0x${u32[RUN.failEntryReason / 4]!.toString(16)}`;
  }
  invariant(reason !== EXIT.IO && reason !== EXIT.MMIO, 'describeExit: a served exit');
  return `KVM exit reason ${reason}, which this machine never asks for`;
}
