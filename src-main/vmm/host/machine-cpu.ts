import { parseCpuSpec } from '../../cpu/cpu-spec.ts';
import { flatTopology } from '../../cpu/normalize/topology.ts';
import { type FeatureReason, resolveCpu, type VcpuCpu } from '../../cpu/resolve.ts';
import { hostCpu } from '../../hypervisor/kvm/supported-cpuid.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';

/** What a machine without a CPU model of its own gets: all the host's KVM can give. */
const DEFAULT_CPU = 'host';

export interface MachineCpu {
  readonly processors: readonly VcpuCpu[];
  /** Wanted features this host does not give; the machine runs without them. */
  readonly missing: readonly FeatureReason[];
}

/** The vCPUs a machine's settings ask for, as this host's KVM will run them. Throws what cannot be had or made sense of. */
export function machineCpu({ cpu = DEFAULT_CPU, cpus, topology, cpuPolicy = 'warn' }: MachineConfig): MachineCpu {
  const { vcpus, missing } = resolveCpu({
    spec: parseCpuSpec(cpu),
    topology: topology ?? flatTopology(cpus),
    host: hostCpu(),
    policy: cpuPolicy,
  });
  return { processors: vcpus, missing };
}
