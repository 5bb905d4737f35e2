import { systemClock } from '../../base/clock.ts';
import { type Owner, owning } from '../../base/disposable.ts';
import { type BootImage, loadFirmware, loadSegments } from '../../boot/boot-image.ts';
import { EventFd } from '../../linux/event-fd.ts';
import { Fd } from '../../linux/fd.ts';
import { PAGE_SIZE, SharedPages } from '../../linux/memory.ts';
import { kickThread } from '../../linux/thread.ts';
import type { Doorbells } from '../../vmm/interrupts/doorbells.ts';
import { FIRMWARE_END, GiB, KVM_IDENTITY_MAP_ADDRESS, KVM_TSS_ADDRESS, MiB, ramRanges } from '../../vmm/layout.ts';
import { GuestMemory, type RamRegion, type RamSeed } from '../../vmm/memory/guest-memory.ts';
import { VcpuControl } from '../../vmm/vcpu/vcpu-control.ts';
import type { IoSeed, KvmVcpuSeed, Vm, VmOptions } from '../hypervisor.ts';
import { passHostCpuid, setCpuid } from './cpuid.ts';
import { type DoorbellSeed, kvmDoorbells } from './doorbells.ts';
import { enter } from './entry-state.ts';
import { resumeTime, type StoppedTime, stopTime } from './guest-clock.ts';
import { KVM, PIT_SPEAKER_DUMMY } from './ioctls.ts';
import { kvmIrqDriver } from './irq-driver.ts';
import { type IrqchipState, restoreIrqchips, saveIrqchips } from './irqchip-state.ts';
import { kvmMessagePin } from './message.ts';
import { msrIndexList, restoreVcpu, saveVcpu, type VcpuState, writeMsrs } from './vcpu-state.ts';

/** One buffer's share of RAM: Electron's memory cage refuses buffers of 2 GiB. */
const RAM_SLOT_BYTES = 1 * GiB;
/** Host pages of guest RAM start on a huge page's boundary, so that both page tables can use huge pages. */
const RAM_ALIGNMENT = 2 * MiB;

/** Beyond any that RAM takes. */
const ROM_SLOT = 400;
/** KVM_MEM_READONLY: a write leaves the guest as an MMIO exit (KVM API §4.35). */
const MEM_READONLY = 2;

/** kvm_run.immediate_exit. */
const RUN_IMMEDIATE_EXIT = 1;

/** IA32_MISC_ENABLE fast strings and IA32_MTRR_DEF_TYPE enabled, write-back (SDM 4 table 2-2, SDM 3A §12.11.2.1): what firmware leaves. */
const firmwareMsrs = [
  { index: 0x1a0, value: 1n },
  { index: 0x2ff, value: 0x806n },
];

interface Vcpu {
  readonly fd: Fd;
  readonly run: SharedPages;
  readonly control: VcpuControl;
  readonly powerOn: VcpuState;
}

/** A machine of KVM's: RAM in memory slots, interrupt chips and PIT in the kernel, a file descriptor per vCPU. */
export class KvmVm implements Vm {
  readonly accelerator = 'kvm';
  readonly clock = systemClock;
  readonly memory: GuestMemory;
  readonly doorbells: Doorbells;
  readonly message: (addressLow: number, addressHigh: number, data: number) => void;
  private readonly ram: RamSeed[number][] = [];
  private readonly doorbellSeed: DoorbellSeed;
  private readonly owner: Owner;
  private readonly vm: Fd;
  private readonly vcpus: Vcpu[] = [];
  private rom: SharedPages | undefined;
  private stopped: StoppedTime | undefined;
  private readonly powerOnIrqchips: IrqchipState;
  private readonly driveIrq: (gsi: number, level: boolean) => void;

  static create(kvm: Fd, options: VmOptions): KvmVm {
    return owning((owner) => new KvmVm(kvm, options, owner));
  }

  private constructor(
    kvm: Fd,
    private readonly options: VmOptions,
    owner: Owner,
  ) {
    this.owner = owner;
    this.vm = owner.own(new Fd(kvm.ioctl('KVM_CREATE_VM', KVM.CREATE_VM), `virtual machine ${options.name}`));
    this.driveIrq = kvmIrqDriver(this.vm.number);
    this.message = kvmMessagePin(this.vm.number);
    this.doorbellSeed = this.addDoorbells(options.queues ?? []);
    this.doorbells = kvmDoorbells(this.vm.number, options.arena, this.doorbellSeed);
    this.vm.ioctl('KVM_SET_TSS_ADDR', KVM.SET_TSS_ADDR, KVM_TSS_ADDRESS);
    const identity = BigUint64Array.of(BigInt(KVM_IDENTITY_MAP_ADDRESS));
    this.vm.ioctl('KVM_SET_IDENTITY_MAP_ADDR', KVM.SET_IDENTITY_MAP_ADDR, identity);
    this.memory = new GuestMemory(this.addRam(options.memoryBytes));
    this.vm.ioctl('KVM_CREATE_IRQCHIP', KVM.CREATE_IRQCHIP);
    const pit = new Uint32Array(16);
    pit[0] = PIT_SPEAKER_DUMMY;
    this.vm.ioctl('KVM_CREATE_PIT2', KVM.CREATE_PIT2, pit);
    const runSize = kvm.ioctl('KVM_GET_VCPU_MMAP_SIZE', KVM.GET_VCPU_MMAP_SIZE);
    const msrs = msrIndexList(kvm);
    for (let index = 0; index < options.cpus; index++) this.addVcpu(kvm, index, runSize, msrs);
    this.powerOnIrqchips = saveIrqchips(this.vm);
  }

  vcpuSeed(index: number): KvmVcpuSeed {
    const { fd, run } = this.vcpus[index]!;
    const { buffer, offset, size } = run;
    return {
      accelerator: 'kvm',
      index,
      arena: this.options.arena.seed,
      vmFd: this.vm.number,
      vcpuFd: fd.number,
      doorbells: this.doorbellSeed,
      run: { buffer, offset, size },
    };
  }

  ioSeed(): IoSeed {
    const { arena } = this.options;
    return { arena: arena.seed, vmFd: this.vm.number, ram: this.ram, doorbells: this.doorbellSeed };
  }

  load(image: BootImage): void {
    loadSegments(image, this.memory);
    const rom = loadFirmware(image, this.memory);
    if (rom !== undefined) this.fillRom(rom);
    enter(this.vcpus[0]!.fd, image.entry);
  }

  reset(): void {
    this.stopped = undefined;
    restoreIrqchips(this.vm, this.powerOnIrqchips);
    for (const vcpu of this.vcpus) restoreVcpu(vcpu.fd, vcpu.powerOn);
  }

  stopTime(): void {
    this.stopped = stopTime(this.vm, this.vcpuFds);
  }

  resumeTime(): void {
    if (this.stopped === undefined) return;
    resumeTime(this.vm, this.vcpuFds, this.stopped);
    this.stopped = undefined;
  }

  kick(index: number): void {
    const { run, control } = this.vcpus[index]!;
    run.bytes[RUN_IMMEDIATE_EXIT] = 1;
    if (control.tid !== 0) kickThread(control.tid);
  }

  setIrq(gsi: number, level: boolean): void {
    this.driveIrq(gsi, level);
  }

  dispose(): void {
    this.owner.dispose();
  }

  private get vcpuFds(): readonly Fd[] {
    return this.vcpus.map(({ fd }) => fd);
  }

  private addDoorbells(queues: readonly number[]): DoorbellSeed {
    const bell = (object: string): number => this.owner.own(EventFd.create(object)).number;
    return {
      control: bell('I/O thread'),
      queues: queues.map((count) => Array.from({ length: count }, () => bell('doorbell'))),
    };
  }

  private addRam(memoryBytes: number): RamRegion[] {
    const regions: RamRegion[] = [];
    for (const range of ramRanges(memoryBytes)) {
      for (let done = 0; done < range.size; done += RAM_SLOT_BYTES) {
        const size = Math.min(RAM_SLOT_BYTES, range.size - done);
        const pages = SharedPages.allocate(size, `${size / MiB} MiB of guest RAM`, RAM_ALIGNMENT);
        pages.preferHugePages();
        this.owner.defer(() => pages.discard());
        this.setMemorySlot(regions.length, range.gpa + done, pages);
        const { buffer, offset } = pages;
        this.ram.push({ gpa: range.gpa + done, buffer, offset, size });
        regions.push({ gpa: range.gpa + done, bytes: pages.bytes });
      }
    }
    return regions;
  }

  /** The ROM keeps its slot for good; a reset may fill it anew. */
  private fillRom(bytes: Uint8Array): void {
    this.rom ??= this.addRom(bytes.length);
    this.rom.bytes.set(bytes);
  }

  private addRom(size: number): SharedPages {
    const pages = SharedPages.allocate(size, 'firmware');
    this.setMemorySlot(ROM_SLOT, FIRMWARE_END - size, pages, MEM_READONLY);
    return pages;
  }

  /** struct kvm_userspace_memory_region: slot, flags, then guest address, size, host address as u64 (KVM API §4.35). */
  private setMemorySlot(slot: number, gpa: number, pages: SharedPages, flags = 0): void {
    const slotAndFlags = (BigInt(flags) << 32n) | BigInt(slot);
    const region = new BigUint64Array([slotAndFlags, BigInt(gpa), BigInt(pages.size), pages.address]);
    this.vm.ioctl('KVM_SET_USER_MEMORY_REGION', KVM.SET_USER_MEMORY_REGION, region);
  }

  private addVcpu(kvm: Fd, index: number, runSize: number, msrs: number[]): void {
    const name = `vCPU ${index} of ${this.options.name}`;
    const processor = this.options.processors?.[index];
    const apicId = processor?.apicId ?? index;
    const fd = this.owner.own(new Fd(this.vm.ioctl('KVM_CREATE_VCPU', KVM.CREATE_VCPU, apicId), name));
    const run = SharedPages.allocate(Math.ceil(runSize / PAGE_SIZE) * PAGE_SIZE, `kvm_run of ${name}`);
    this.owner.own(run.mapOver(fd.number, 0, `kvm_run of ${name}`));
    if (processor) setCpuid(fd, processor.cpuid);
    else passHostCpuid(kvm, fd, apicId, this.options.cpus);
    writeMsrs(fd, [...firmwareMsrs, ...(processor?.msrs ?? [])]);
    const control = this.options.arena.place(VcpuControl, `vcpu${index}`);
    this.vcpus.push({ fd, run, control, powerOn: saveVcpu(fd, msrs) });
  }
}
