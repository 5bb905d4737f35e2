/** Whether this computer's KVM can run micro-guests at least. */
export async function kvmPresent(): Promise<boolean> {
  const { kvmHypervisor } = await import('../../src-main/hypervisor/kvm/kvm-hypervisor.ts');
  return kvmHypervisor.probe().present;
}
