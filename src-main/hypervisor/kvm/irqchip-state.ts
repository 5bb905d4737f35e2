import type { Fd } from '../../linux/fd.ts';
import { KVM } from './ioctls.ts';

/** struct kvm_irqchip: chip_id, padding, 512 bytes of chip (KVM API §4.26). Chips: 8259A master, slave, IOAPIC. */
const IRQCHIP_BYTES = 520;
const CHIPS = [0, 1, 2];
/** struct kvm_pit_state2 (KVM API §4.72). */
const PIT_STATE_BYTES = 112;

/** The in-kernel interrupt controllers and timer, as KVM tells them. */
export interface IrqchipState {
  readonly chips: readonly Uint8Array[];
  readonly pit: Uint8Array;
}

export function saveIrqchips(vm: Fd): IrqchipState {
  const chips = CHIPS.map((id) => {
    const bytes = new Uint8Array(IRQCHIP_BYTES);
    bytes[0] = id;
    vm.ioctl('KVM_GET_IRQCHIP', KVM.GET_IRQCHIP, bytes);
    return bytes;
  });
  const pit = new Uint8Array(PIT_STATE_BYTES);
  vm.ioctl('KVM_GET_PIT2', KVM.GET_PIT2, pit);
  return { chips, pit };
}

export function restoreIrqchips(vm: Fd, state: IrqchipState): void {
  for (const bytes of state.chips) vm.ioctl('KVM_SET_IRQCHIP', KVM.SET_IRQCHIP, bytes);
  vm.ioctl('KVM_SET_PIT2', KVM.SET_PIT2, state.pit);
}
