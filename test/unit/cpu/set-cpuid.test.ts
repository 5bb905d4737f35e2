import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import type { CpuidEntry } from '../../../src-main/cpu/cpuid/cpuid-table.ts';
import type { HostCpu } from '../../../src-main/cpu/host-cpuid.ts';
import { resolveCpu } from '../../../src-main/cpu/resolve.ts';
import { setCpuid } from '../../../src-main/hypervisor/kvm/cpuid.ts';
import { KVM } from '../../../src-main/hypervisor/kvm/ioctls.ts';
import { hostCpu } from '../../../src-main/hypervisor/kvm/supported-cpuid.ts';
import { Fd, O } from '../../../src-main/linux/fd.ts';
import { addressOf } from '../../../src-main/linux/libc.ts';
import { need } from '../../support/need.ts';

/** KVM API §4.21: KVM_GET_CPUID2, a vCPU's own table. */
const GET_CPUID2 = 0xc008_ae91;

describe('KVM takes every model on this host', () => {
  const met = need('kvm');
  const topology = { sockets: 1, cores: 3, threads: 2 };
  let kvm: Fd;
  let vm: Fd;
  let next = 0;
  beforeAll(() => {
    if (!met) return;
    kvm = Fd.open('/dev/kvm', O.RDWR);
    vm = new Fd(kvm.ioctl('KVM_CREATE_VM', KVM.CREATE_VM), 'VM');
    vm.ioctl('KVM_CREATE_IRQCHIP', KVM.CREATE_IRQCHIP);
  });
  afterAll(() => {
    vm?.dispose();
    kvm?.dispose();
  });

  it.each([
    'qemu64',
    'pentium3',
    'Haswell-v4',
    'Icelake-Server-v6',
    'SapphireRapids-v3',
    'EPYC-Genoa',
    'host',
    'host-model',
  ])('%s: KVM API §4.20, §4.21: what was set is what the vCPU has', (name) => {
    const host = hostCpu();
    const { vcpus } = resolveCpu({ spec: parseCpuSpec(name), topology, host, policy: 'warn' });
    const { cpuid } = vcpus[next % vcpus.length]!;
    const vcpu = new Fd(vm.ioctl('KVM_CREATE_VCPU', KVM.CREATE_VCPU, next++), name);
    try {
      setCpuid(vcpu, cpuid);
      expect(comparable(readCpuid(vcpu), host)).toEqual(comparable(cpuid, host));
    } finally {
      vcpu.dispose();
    }
  });
});

/**
 * The size for the state enabled so far is KVM's to keep. Without hardware virtualization KVM puts the processor's own
 * features in place of the vCPU's.
 */
function comparable(cpuid: readonly CpuidEntry[], { hardwareVirtualization }: HostCpu): CpuidEntry[] {
  return cpuid
    .filter(({ leaf }) => hardwareVirtualization || ![1, 7, 0xd].includes(leaf))
    .map((entry) => (entry.leaf === 0xd && entry.subleaf <= 1 ? { ...entry, ebx: 0 } : entry));
}

function readCpuid(vcpu: Fd): CpuidEntry[] {
  const table = new Uint32Array(2 + 256 * 10);
  table[0] = 256;
  vcpu.ioctl('KVM_GET_CPUID2', GET_CPUID2, addressOf(table));
  // Linux 6.1 leaves the count as it was asked for: the rest is zeros.
  return Array.from({ length: table[0] }, (_, i) => {
    const [leaf = 0, subleaf = 0, , eax = 0, ebx = 0, ecx = 0, edx = 0] = table.subarray(2 + i * 10, 12 + i * 10);
    return { leaf, subleaf, eax, ebx, ecx, edx };
  }).filter(({ eax, ebx, ecx, edx }) => (eax | ebx | ecx | edx) !== 0);
}
