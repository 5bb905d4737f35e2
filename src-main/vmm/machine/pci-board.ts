import type { Arena } from '../../base/shared-struct.ts';
import { PciFunctionState, VENDOR_ID } from '../../devices/pci/function.ts';
import { hostBridge } from '../../devices/pci/host-bridge.ts';
import type { MessagePin } from '../../devices/pci/msix.ts';
import { PciBus, PciBusState } from '../../devices/pci/pci-bus.ts';
import { placeReports } from '../../devices/virtio/place-reports.ts';
import { kindOf, type VirtioSpecification } from '../../devices/virtio/specification.ts';
import { placeVirtio, VIRTIO_PCI_BYTES, VirtioPci } from '../../devices/virtio/transport-pci/virtio-pci.ts';
import type { Doorbells } from '../interrupts/doorbells.ts';
import { WiredLine, WiredLineState } from '../interrupts/wired-line.ts';
import { PCI_GSI, PCI_WINDOW_START } from '../layout.ts';

export interface PciWiring {
  readonly arena: Arena;
  readonly virtio: readonly VirtioSpecification[];
  /** Drives a GSI from this thread. */
  readonly setIrq: (gsi: number, level: boolean) => void;
  /** Sends an MSI from this thread; undefined where the accelerator has none. */
  readonly message: MessagePin | undefined;
  readonly doorbells: Doorbells;
}

export interface PciBoard {
  readonly bus: PciBus;
  /** In the order of their specifications. */
  readonly virtio: readonly VirtioPci[];
  reset(): void;
}

/** The GSI that INTA# of the device in `slot` is wired to. */
export function pciGsi(slot: number): number {
  return PCI_GSI.first + (slot % PCI_GSI.count);
}

/** The PCI bus with what is on it, in one thread; every thread of a machine builds the same over its arena. */
export function buildPciBoard({ arena, virtio, setIrq, message, doorbells }: PciWiring): PciBoard {
  const bus = new PciBus(arena.place(PciBusState, 'pci-bus'));
  const bridge = hostBridge(arena.place(PciFunctionState, 'host-bridge-pci'));
  bus.add(0, bridge);
  const lines = Array.from({ length: PCI_GSI.count }, (_, index) => {
    const gsi = PCI_GSI.first + index;
    return new WiredLine(arena.place(WiredLineState, `gsi${gsi}`), (level) => setIrq(gsi, level));
  });
  const functions = virtio.map((specification, device) => {
    const { name, slot } = specification;
    const kind = kindOf(specification);
    placeReports(arena, specification);
    const pci = new VirtioPci(
      placeVirtio(arena, name, kind.queueSizes.length),
      kind,
      { address: PCI_WINDOW_START + slot * VIRTIO_PCI_BYTES },
      {
        intx: lines[pciGsi(slot) - PCI_GSI.first]!.holder(slot),
        message,
        notify: (queue) => doorbells.notify(device, queue),
        changed: () => doorbells.changed(device),
        moveDoorbell: (queue, before, gpa) => doorbells.move(device, queue, before, gpa),
      },
    );
    bus.add(slot, pci.function);
    return pci;
  });
  const reset = (): void => {
    bridge.reset();
    for (const pci of functions) pci.reset();
    bus.reset();
  };
  // The thread that builds the arena is the first here, and the power comes for all of them.
  if (bridge.config[VENDOR_ID] === 0) reset();
  return { bus, virtio: functions, reset };
}
