/**
 * Features that let a guest protect itself against flaws of the processor it runs on, by the processor's vendor: QEMU's
 * recommendations (docs/system/cpu-models-x86) and what came after them.
 */
const MITIGATIONS: Readonly<Record<'intel' | 'amd', readonly string[]>> = {
  intel: [
    ...['pcid', 'spec-ctrl', 'stibp', 'ssbd', 'md-clear', 'flush-l1d', 'arch-capabilities', 'rdctl-no', 'ibrs-all'],
    ...['skip-l1dfl-vmentry', 'ssb-no', 'mds-no', 'pschange-mc-no', 'taa-no', 'tsx-ctrl', 'sbdr-ssdp-no', 'fbsdp-no'],
    ...['psdp-no', 'fb-clear', 'bhi-no', 'pbrsb-no', 'gds-no', 'rfds-no', 'rfds-clear', 'intel-psfd', 'ipred-ctrl'],
    ...['rrsba-ctrl', 'bhi-ctrl'],
  ],
  amd: [
    ...['ibpb', 'ibrs', 'amd-stibp', 'stibp-always-on', 'amd-ssbd', 'virt-ssbd', 'amd-no-ssb', 'amd-psfd', 'auto-ibrs'],
    ...['lfence-always-serializing', 'null-sel-clr-base', 'sbpb', 'ibpb-brtype', 'srso-no', 'srso-user-kernel-no'],
    // KVM offers Intel's spelling on AMD processors too, and some guests look for that alone.
    ...['spec-ctrl', 'stibp', 'ssbd'],
  ],
};

/** The mitigations preset for a vendor (`AuthenticAMD`, …). Hiding a flaw's fix never makes a guest safer. */
export function mitigationsFor(vendor: string): readonly string[] {
  return MITIGATIONS[vendor === 'AuthenticAMD' || vendor === 'HygonGenuine' ? 'amd' : 'intel'];
}
