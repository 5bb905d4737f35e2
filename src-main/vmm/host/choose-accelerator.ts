import { Failure } from '../../base/failure.ts';
import type { AcceleratorName, Verdict, Vm, VmOptions } from '../../hypervisor/hypervisor.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { quote } from '../../inventory/machine-name.ts';

export interface Accelerator {
  readonly verdict: Verdict;
  createVm(options: VmOptions): Vm;
}

const loaded = new Map<AcceleratorName, Promise<Accelerator>>();

/** What a computer can run does not change while one machine starts. */
function load(name: AcceleratorName): Promise<Accelerator> {
  const known = loaded.get(name) ?? probe(name);
  loaded.set(name, known);
  return known;
}

async function probe(name: AcceleratorName): Promise<Accelerator> {
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
  if (wanted !== 'auto') return present(await load(wanted));
  const kvm = await load('kvm');
  return kvm.verdict.usable ? kvm : load('translated');
}

/** `accelerator`, if it is there at all; throws a `host` failure with the verdict's words otherwise. */
function present(accelerator: Accelerator): Accelerator {
  const { accelerator: name, present, detail, hint } = accelerator.verdict;
  if (present) return accelerator;
  throw new Failure(
    'host',
    `${name}-unavailable`,
    `accelerator ${name}: ${detail}`,
    hint === undefined ? {} : { hint },
  );
}

/** vCPUs of one machine on KVM: what its topology may have (cpu/normalize/topology.ts). */
const KVM_MAX_CPUS = 64;

/**
 * Throws where the accelerator cannot give a machine so many CPUs: a `host` failure where the machine would take another
 * one if this host had it.
 */
export function requireCpus(
  { verdict }: Accelerator,
  { name, cpus, accelerator }: Pick<MachineConfig, 'name' | 'cpus' | 'accelerator'>,
): void {
  const most = verdict.usable ? Math.min(verdict.maxVcpus, KVM_MAX_CPUS) : KVM_MAX_CPUS;
  if (cpus <= most) return;
  const has = verdict.accelerator === 'translated' ? 'the translating accelerator has one' : `KVM here runs ${most}`;
  throw new Failure(
    accelerator === 'auto' ? 'host' : 'usage',
    'too-many-cpus',
    `machine ${quote(name)}: ${cpus} CPUs: ${has}`,
    {
      hint: `\`bulkhead vm set ${quote(name)} cpus=${most}\`; \`bulkhead host check\` says what this computer can run`,
      facts: { cpus, most, accelerator: verdict.accelerator },
    },
  );
}
