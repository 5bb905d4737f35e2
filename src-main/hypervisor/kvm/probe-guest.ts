import { Owner } from '../../base/disposable.ts';
import { Fd } from '../../linux/fd.ts';
import { SystemCallFailure } from '../../linux/libc.ts';
import { PAGE_SIZE, SharedPages } from '../../linux/memory.ts';
import { enter } from './entry-state.ts';
import { EXIT, KVM } from './ioctls.ts';

/**
 * A guest that only a processor can run: KVM's own instruction emulator does neither x87 arithmetic nor a protected-mode
 * return from interrupt, and every operating system does both.
 *
 *     db e3               fninit
 *     d9 e8               fld1
 *     dd d8               fstp st0
 *     9c                  pushfd
 *     0e                  push cs
 *     68 0e 10 00 00      push 0x100f
 *     cf                  iretd
 *     f4                  hlt                (skipped)
 *     e6 80               out 0x80, al       (0x100f)
 *     f4                  hlt
 */
const code = Uint8Array.of(
  0xdb,
  0xe3,
  0xd9,
  0xe8,
  0xdd,
  0xd8,
  0x9c,
  0x0e,
  0x68,
  0x0f,
  0x10,
  0,
  0,
  0xcf,
  0xf4,
  0xe6,
  0x80,
  0xf4,
);
/** Null, null, flat code (0x10), flat data (0x18): SDM 3A §3.4.5. */
const gdt = BigUint64Array.of(0n, 0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn);
const GDT_ADDRESS = 0x500;
const CODE_ADDRESS = 0x1000;
const RAM_BYTES = 4 * PAGE_SIZE;
/** kvm_run.exit_reason. */
const RUN_EXIT_REASON = 8;

/** Runs the probe guest in the calling thread; undefined when it ran to its end, else what stopped it. */
export function runProbeGuest(kvm: Fd): string | undefined {
  const owner = new Owner();
  try {
    return probe(kvm, owner);
  } finally {
    owner.dispose();
  }
}

function probe(kvm: Fd, owner: Owner): string | undefined {
  const vm = owner.own(new Fd(kvm.ioctl('KVM_CREATE_VM', KVM.CREATE_VM), 'probe guest'));
  const ram = SharedPages.allocate(RAM_BYTES, 'probe guest');
  owner.defer(() => ram.discard());
  ram.bytes.set(code, CODE_ADDRESS);
  ram.bytes.set(new Uint8Array(gdt.buffer), GDT_ADDRESS);
  const region = new BigUint64Array([0n, 0n, BigInt(RAM_BYTES), ram.address]);
  vm.ioctl('KVM_SET_USER_MEMORY_REGION', KVM.SET_USER_MEMORY_REGION, region);
  const vcpu = owner.own(new Fd(vm.ioctl('KVM_CREATE_VCPU', KVM.CREATE_VCPU, 0), 'probe guest'));
  const runSize = kvm.ioctl('KVM_GET_VCPU_MMAP_SIZE', KVM.GET_VCPU_MMAP_SIZE);
  const run = SharedPages.allocate(Math.ceil(runSize / PAGE_SIZE) * PAGE_SIZE, 'probe guest');
  owner.own(run.mapOver(vcpu.number, 0, 'probe guest'));
  const table = { base: GDT_ADDRESS, limit: gdt.byteLength - 1 };
  enter(vcpu, { mode: 'protected32', eip: CODE_ADDRESS, esi: 0, ebx: 0, esp: RAM_BYTES, gdt: table });
  runToItsExit(vcpu);
  const reason = new DataView(run.buffer, run.offset).getUint32(RUN_EXIT_REASON, true);
  return reason === EXIT.IO ? undefined : `a probe guest ended with KVM exit reason ${reason}`;
}

/** Signals meant for others interrupt KVM_RUN, in an app's main process more often than anywhere. */
function runToItsExit(vcpu: Fd): void {
  for (;;) {
    try {
      vcpu.ioctl('KVM_RUN', KVM.RUN);
      return;
    } catch (error) {
      if (!(error instanceof SystemCallFailure && error.errnoName === 'EINTR')) throw error;
    }
  }
}
