import type { HostCpu } from '../cpu/host-cpuid.ts';
import { type CliIo, printLine } from './cli-io.ts';

/** This host's processor as KVM offers it; where KVM cannot be asked says so on stderr and goes on without. */
export async function askHost(io: CliIo): Promise<HostCpu | undefined> {
  try {
    const { hostCpu } = await import('../hypervisor/kvm/supported-cpuid.ts');
    return hostCpu();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    await printLine(io.stderr, `note: what this host can run is not known: ${why}`);
    return undefined;
  }
}

/** Said once wherever features of this host are shown. */
export async function noteLimits(io: CliIo, host: HostCpu | undefined): Promise<void> {
  if (host === undefined || host.hardwareVirtualization) return;
  await printLine(
    io.stderr,
    'note: this host has no hardware virtualization: its KVM offers features that it cannot run in ordinary guests',
  );
}
