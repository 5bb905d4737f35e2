import { asFailure } from '../../base/failure.ts';
import type { AcceleratorName, Verdict } from '../../hypervisor/hypervisor.ts';

/** What each accelerator says of this host. A probe that breaks is an accelerator that cannot be used. */
export async function acceleratorVerdicts(): Promise<Verdict[]> {
  return Promise.all([
    verdict('kvm', async () => (await import('../../hypervisor/kvm/kvm-hypervisor.ts')).kvmHypervisor.probe()),
    verdict('translated', async () =>
      (await import('../../hypervisor/translated/translated-hypervisor.ts')).translatedHypervisor.probe(),
    ),
  ]);
}

async function verdict(accelerator: AcceleratorName, probe: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await probe();
  } catch (error) {
    const detail = `could not be probed: ${asFailure(error).message}`;
    return { accelerator, usable: false, present: false, detail, maxVcpus: 0 };
  }
}
