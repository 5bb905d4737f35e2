import { Failure } from '../../base/failure.ts';
import type { AcceleratorName, Verdict, Vm, VmOptions } from '../../hypervisor/hypervisor.ts';

export interface Accelerator {
  readonly verdict: Verdict;
  createVm(options: VmOptions): Vm;
}

async function load(name: AcceleratorName): Promise<Accelerator> {
  if (name === 'kvm') {
    const { kvmHypervisor } = await import('../../hypervisor/kvm/kvm-hypervisor.ts');
    return { verdict: kvmHypervisor.probe(), createVm: (options) => kvmHypervisor.createVm(options) };
  }
  const { translatedHypervisor } = await import('../../hypervisor/translated/translated-hypervisor.ts');
  return { verdict: translatedHypervisor.probe(), createVm: (options) => translatedHypervisor.createVm(options) };
}

/**
 * The accelerator a machine runs on. `auto` takes KVM where it can run ordinary guests and the translating one
 * otherwise; a machine that names one gets it or a failure.
 */
export async function chooseAccelerator(wanted: 'auto' | AcceleratorName): Promise<Accelerator> {
  if (wanted !== 'auto') return load(wanted);
  const kvm = await load('kvm');
  return kvm.verdict.usable ? kvm : load('translated');
}

/** vCPUs of one machine on KVM: what its topology may have (cpu/normalize/topology.ts). */
const KVM_MAX_CPUS = 64;

/** Throws where the accelerator cannot give a machine so many CPUs. */
export function requireCpus({ verdict }: Accelerator, machine: string, cpus: number): void {
  const most = verdict.accelerator === 'translated' ? verdict.maxVcpus : KVM_MAX_CPUS;
  if (cpus <= most) return;
  const message = `machine "${machine}": ${cpus} CPUs: the accelerator ${verdict.accelerator} runs ${most}`;
  throw new Failure('usage', 'too-many-cpus', message, {
    hint: `bulkhead vm set ${JSON.stringify(machine)} cpus=${most}`,
  });
}
