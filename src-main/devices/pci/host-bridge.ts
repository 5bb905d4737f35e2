import { PciFunction, type PciFunctionState } from './function.ts';

/** The generic PCI host bridge whose ids QEMU's `gpex` has: no guest has a quirk for it. */
const VENDOR_RED_HAT = 0x1b36;
const GENERIC_HOST_BRIDGE = 0x0008;
/** Where firmware looks for a machine that has fw_cfg (SeaBIOS 1.16 src/fw/paravirt.c, qemu_detect). */
const SUBSYSTEM_VENDOR_RED_HAT = 0x1af4;
const SUBSYSTEM_QEMU_MACHINE = 0x1100;
/** PCI 3.0 appendix D.7: bridge device, host bridge. */
const CLASS_HOST_BRIDGE = 0x06_0000;

/** Device 0 of the bus, which does nothing but be there. */
export function hostBridge(state: PciFunctionState): PciFunction {
  return new PciFunction(state, {
    vendor: VENDOR_RED_HAT,
    device: GENERIC_HOST_BRIDGE,
    revision: 0,
    classCode: CLASS_HOST_BRIDGE,
    subsystemVendor: SUBSYSTEM_VENDOR_RED_HAT,
    subsystem: SUBSYSTEM_QEMU_MACHINE,
    interrupt: false,
  });
}
