/**
 * QEMU firmware configuration device (QEMU 7.2 docs/specs/fw_cfg.txt) at ports 0x510 and 0x511: numbered items read byte by
 * byte, and a directory that gives some of them names. No DMA, no writing. Guest driver: SeaBIOS.
 */
import { type SharedOf, struct, u16, u32 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';

const SELECTOR = 0;
const DATA = 1;
export const FW_CFG_PORTS = 2;

/** Selector keys, docs/specs/fw_cfg.txt "Selector Key". */
const KEY = { signature: 0x00, id: 0x01, cpus: 0x05, maxCpus: 0x0f, directory: 0x19, firstFile: 0x20 } as const;
/** Bit 14 marks a write, which nothing answers any more; bit 15 an item of the architecture, of which there are none. */
const KEY_MASK = 0xbfff;
/** "Revision / feature bitmap": the traditional interface alone. */
const ID_TRADITIONAL = 1;
/** struct FWCfgFile: size, select, reserved, then a name of 56 bytes with its zero; numbers big-endian. */
const FILE_ENTRY_BYTES = 64;
const NAME_BYTES = 56;

/** A named item. */
export interface FirmwareFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What firmware is told. Cloneable. */
export interface FirmwareFacts {
  readonly cpus: number;
  readonly files: readonly FirmwareFile[];
}

export const FwCfgState = struct('fw-cfg', 1, { key: u16(0), offset: u32(0) });
export type FwCfgState = SharedOf<typeof FwCfgState>;

export class FwCfg implements IoDevice {
  readonly widest = 2;
  private readonly items: ReadonlyMap<number, Uint8Array>;

  constructor(
    readonly state: FwCfgState,
    facts: FirmwareFacts,
  ) {
    this.items = itemsOf(facts);
  }

  /** Past an item's end, and of an item there is not, all bytes are zero. */
  read(offset: number, _size: AccessSize): number {
    const { state } = this;
    if (offset !== DATA) return 0;
    const item = this.items.get(state.key);
    const byte = item?.[state.offset] ?? 0;
    if (item !== undefined && state.offset < item.length) state.offset++;
    return byte;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset !== SELECTOR || size !== 2) return;
    this.state.key = value & KEY_MASK;
    this.state.offset = 0;
  }

  /** Host side, under the lock: power-on. */
  reset(): void {
    this.state.reset();
  }
}

function itemsOf({ cpus, files }: FirmwareFacts): Map<number, Uint8Array> {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const items = new Map<number, Uint8Array>([
    [KEY.signature, new TextEncoder().encode('QEMU')],
    [KEY.id, new Uint8Array(Uint32Array.of(ID_TRADITIONAL).buffer)],
    [KEY.cpus, new Uint8Array(Uint16Array.of(cpus).buffer)],
    [KEY.maxCpus, new Uint8Array(Uint16Array.of(cpus).buffer)],
    [KEY.directory, directoryOf(sorted)],
  ]);
  sorted.forEach(({ bytes }, index) => {
    items.set(KEY.firstFile + index, bytes);
  });
  return items;
}

function directoryOf(files: readonly FirmwareFile[]): Uint8Array {
  const directory = new Uint8Array(4 + files.length * FILE_ENTRY_BYTES);
  const view = new DataView(directory.buffer);
  view.setUint32(0, files.length);
  files.forEach(({ name, bytes }, index) => {
    const at = 4 + index * FILE_ENTRY_BYTES;
    view.setUint32(at, bytes.length);
    view.setUint16(at + 4, KEY.firstFile + index);
    directory.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1), at + 8);
  });
  return directory;
}
