import type { Fd } from '../../linux/fd.ts';
import { KVM } from './ioctls.ts';

/** A kernel structure of fixed size that one ioctl reads and another writes. */
interface Block {
  readonly name: string;
  readonly size: number;
  readonly get: number;
  readonly set: number;
}

/** In the order in which they can be written back: special registers before the LAPIC whose base they hold. */
const blocks: readonly Block[] = [
  { name: 'SREGS', size: 312, get: KVM.GET_SREGS, set: KVM.SET_SREGS },
  { name: 'REGS', size: 144, get: KVM.GET_REGS, set: KVM.SET_REGS },
  { name: 'XSAVE', size: 4096, get: KVM.GET_XSAVE, set: KVM.SET_XSAVE },
  { name: 'XCRS', size: 392, get: KVM.GET_XCRS, set: KVM.SET_XCRS },
  { name: 'DEBUGREGS', size: 128, get: KVM.GET_DEBUGREGS, set: KVM.SET_DEBUGREGS },
  { name: 'LAPIC', size: 1024, get: KVM.GET_LAPIC, set: KVM.SET_LAPIC },
  { name: 'VCPU_EVENTS', size: 64, get: KVM.GET_VCPU_EVENTS, set: KVM.SET_VCPU_EVENTS },
  { name: 'MP_STATE', size: 4, get: KVM.GET_MP_STATE, set: KVM.SET_MP_STATE },
];

/** MSRs that count on whatever happens (SDM 4 table 2-2): writing an old value back would turn guest time around. */
const running = new Set([0x10 /* IA32_TIME_STAMP_COUNTER */, 0x3b /* IA32_TSC_ADJUST */]);

/** sizeof(struct kvm_msrs) header and of one entry. */
const MSRS_HEADER = 8;
const MSR_ENTRY = 16;

export interface Msr {
  readonly index: number;
  readonly value: bigint;
}

/** Reads one structure of a vCPU, for a change in place: `writeBlock` puts it back. */
export function readBlock(vcpu: Fd, name: 'REGS' | 'SREGS'): DataView {
  const block = blocks.find((candidate) => candidate.name === name)!;
  const bytes = new Uint8Array(block.size);
  vcpu.ioctl(`KVM_GET_${name}`, block.get, bytes);
  return new DataView(bytes.buffer);
}

export function writeBlock(vcpu: Fd, name: 'REGS' | 'SREGS', view: DataView): void {
  const block = blocks.find((candidate) => candidate.name === name)!;
  vcpu.ioctl(`KVM_SET_${name}`, block.set, view);
}

/** The MSRs this host's KVM saves and restores. */
export function msrIndexList(kvm: Fd): number[] {
  const room = 1024;
  const list = new Uint32Array(1 + room);
  list[0] = room;
  kvm.ioctl('KVM_GET_MSR_INDEX_LIST', KVM.GET_MSR_INDEX_LIST, list);
  return [...list.subarray(1, 1 + list[0]!)].filter((index) => !running.has(index));
}

/** Writes MSRs one by one; returns the indices KVM refused, which some hosts do for MSRs they list. */
export function writeMsrs(vcpu: Fd, msrs: readonly Msr[]): number[] {
  const refused: number[] = [];
  for (let from = 0; from < msrs.length; ) {
    const rest = msrs.slice(from);
    const { view, bytes } = msrBuffer(rest);
    rest.forEach(({ value }, i) => void view.setBigUint64(MSRS_HEADER + i * MSR_ENTRY + 8, value, true));
    const done = vcpu.ioctl('KVM_SET_MSRS', KVM.SET_MSRS, bytes);
    from += done;
    if (from < msrs.length) refused.push(msrs[from++]!.index);
  }
  return refused;
}

export function readMsrs(vcpu: Fd, indices: readonly number[]): Msr[] {
  const found: Msr[] = [];
  for (let from = 0; from < indices.length; ) {
    const rest = indices.slice(from).map((index) => ({ index }));
    const { view, bytes } = msrBuffer(rest);
    const done = vcpu.ioctl('KVM_GET_MSRS', KVM.GET_MSRS, bytes);
    for (let i = 0; i < done; i++) {
      found.push({ index: rest[i]!.index, value: view.getBigUint64(MSRS_HEADER + i * MSR_ENTRY + 8, true) });
    }
    from += done + 1;
  }
  return found;
}

function msrBuffer(msrs: readonly { index: number }[]): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(MSRS_HEADER + msrs.length * MSR_ENTRY);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, msrs.length, true);
  msrs.forEach(({ index }, i) => void view.setUint32(MSRS_HEADER + i * MSR_ENTRY, index, true));
  return { bytes, view };
}

/** All of a vCPU's state as KVM tells it. */
export interface VcpuState {
  readonly blocks: ReadonlyMap<string, Uint8Array>;
  readonly msrs: readonly Msr[];
}

/** Captures a vCPU that is not running. */
export function saveVcpu(vcpu: Fd, msrIndices: readonly number[]): VcpuState {
  const saved = new Map<string, Uint8Array>();
  for (const { name, size, get } of blocks) {
    const bytes = new Uint8Array(size);
    vcpu.ioctl(`KVM_GET_${name}`, get, bytes);
    saved.set(name, bytes);
  }
  return { blocks: saved, msrs: readMsrs(vcpu, msrIndices) };
}

/** Puts a vCPU that is not running into a captured state. */
export function restoreVcpu(vcpu: Fd, state: VcpuState): void {
  for (const { name, set } of blocks) vcpu.ioctl(`KVM_SET_${name}`, set, state.blocks.get(name)!);
  writeMsrs(vcpu, state.msrs);
}
