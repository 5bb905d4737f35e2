import { ECAM_ADDRESS, ECAM_SIZE, PCI_GSI, PCI_WINDOW_END, PCI_WINDOW_START, PORT } from '../../../vmm/layout.ts';
import { MAX_DEVICES } from '../../pci/pci-bus.ts';
import {
  type Aml,
  busNumbers,
  device,
  eisaId,
  fixedMemory,
  integer,
  ioPorts,
  memoryWindow,
  name,
  packageOf,
  portWindow,
  resourceTemplate,
} from './aml.ts';

/** I/O ports below are the board's; none of our functions has an I/O BAR, but firmware expects a window. */
const PORT_WINDOW = { first: 0x1000, last: 0xffff } as const;
const PINS = 4;
/** "All functions of this device" in a _PRT entry's address (ACPI 6.4 §6.2.13). */
const ALL_FUNCTIONS = 0xffff;

/** The PCI root bridge: what it decodes (_CRS, ACPI 6.4 §6.2.2) and how INTx lines run (_PRT, §6.2.13). */
export function pciRoot(): Aml {
  return device(
    'PCI0',
    name('_HID', eisaId('PNP0A03')),
    name('_UID', integer(0)),
    name('_BBN', integer(0)),
    name(
      '_CRS',
      resourceTemplate(
        busNumbers(0, 0),
        ioPorts(PORT.pciConfig, 8),
        portWindow(PORT_WINDOW.first, PORT_WINDOW.last),
        memoryWindow(PCI_WINDOW_START, PCI_WINDOW_END - 1),
      ),
    ),
    name('_PRT', packageOf(...routes())),
  );
}

/** Says that the ECAM region is taken (PCI Firmware 3.2 §4.1.2): a motherboard resource outside the bridge. */
export function ecamReservation(): Aml {
  return device(
    'MBRD',
    name('_HID', eisaId('PNP0C02')),
    name('_CRS', resourceTemplate(fixedMemory(ECAM_ADDRESS, ECAM_SIZE))),
  );
}

function routes(): Aml[] {
  const slots = Array.from({ length: MAX_DEVICES - 1 }, (_, index) => index + 1);
  return slots.flatMap((slot) =>
    Array.from({ length: PINS }, (_, pin) => {
      const gsi = PCI_GSI.first + ((slot + pin) % PCI_GSI.count);
      return packageOf(integer(((slot << 16) | ALL_FUNCTIONS) >>> 0), integer(pin), integer(0), integer(gsi));
    }),
  );
}
