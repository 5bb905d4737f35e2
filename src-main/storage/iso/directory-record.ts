import type { IsoFile } from './iso-image.ts';
import { both16, both32, SECTOR } from './numbers.ts';

/** ECMA-119 §9.1. */
const RECORD_BYTES = 33;
const DIRECTORY_FLAG = 2;
/** File modes (stat(7)): a folder and files everybody may read. */
const MODE = { folder: 0o040555, file: 0o100444 } as const;
/** RRIP 1.10 §4.3: which entries a record has. */
const ROCK_RIDGE = { px: 1, nm: 8 } as const;

export interface RecordFields {
  readonly sector: number;
  /** In bytes. */
  readonly length: number;
  readonly directory: boolean;
  readonly name: Uint8Array;
  readonly at: Date;
  /** SUSP entries behind the name. */
  readonly extra?: Uint8Array;
}

export interface PlacedFile extends IsoFile {
  readonly sector: number;
}

/** Directory record (ECMA-119 §9.1); its length is even. */
export function directoryRecord({ sector, length, directory, name, at, extra }: RecordFields): Uint8Array {
  const named = RECORD_BYTES + name.length + ((RECORD_BYTES + name.length) & 1);
  const bytes = new Uint8Array(named + (extra?.length ?? 0) + ((extra?.length ?? 0) & 1));
  const view = new DataView(bytes.buffer);
  bytes[0] = bytes.length;
  both32(view, 2, sector);
  both32(view, 10, length);
  bytes.set(shortDate(at), 18);
  bytes[25] = directory ? DIRECTORY_FLAG : 0;
  both16(view, 28, 1);
  bytes[32] = name.length;
  bytes.set(name, RECORD_BYTES);
  if (extra) bytes.set(extra, named);
  return bytes;
}

/** The root folder, once with Rock Ridge names and once with Joliet's. */
export class DirectoryRecords {
  constructor(private readonly at: Date) {}

  rockRidgeRoot(root: number, continuation: number, files: readonly PlacedFile[]): Uint8Array {
    const sp = entry('SP', [0xbe, 0xef, 0]);
    const extra = join(sp, posix(MODE.folder, 2), pointer(continuation, this.rockRidgeExtension().length));
    const own = this.folder(root, 0, extra);
    const parent = this.folder(root, 1, posix(MODE.folder, 2));
    return join(own, parent, ...inOrder(files.map((file, index) => this.named(file, index))));
  }

  jolietRoot(root: number, files: readonly PlacedFile[]): Uint8Array {
    const records = files.map((file) => this.file(file, wide(`${file.name};1`)));
    return join(this.folder(root, 0), this.folder(root, 1), ...inOrder(records));
  }

  /** RRIP 1.10 §4.3: who says what the entries mean. */
  rockRidgeExtension(): Uint8Array {
    const id = 'RRIP_1991A';
    const description = 'THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS';
    const source = 'IEEE P1282';
    const text = new TextEncoder().encode(id + description + source);
    return entry('ER', [id.length, description.length, source.length, 1, ...text]);
  }

  private named(file: PlacedFile, index: number): Uint8Array {
    const extra = join(
      entry('RR', [ROCK_RIDGE.px | ROCK_RIDGE.nm]),
      posix(MODE.file, 1),
      entry('NM', [0, ...new TextEncoder().encode(file.name)]),
    );
    return this.file(file, new TextEncoder().encode(`FILE${index}.;1`), extra);
  }

  private folder(sector: number, name: number, extra?: Uint8Array): Uint8Array {
    const fields = { sector, length: SECTOR, directory: true, name: Uint8Array.of(name), at: this.at };
    return directoryRecord(extra === undefined ? fields : { ...fields, extra });
  }

  private file({ sector, bytes }: PlacedFile, name: Uint8Array, extra?: Uint8Array): Uint8Array {
    const fields = { sector, length: bytes.length, directory: false, name, at: this.at };
    return directoryRecord(extra === undefined ? fields : { ...fields, extra });
  }
}

/** ECMA-119 §9.3: records stand in the order of their names. */
function inOrder(records: Uint8Array[]): Uint8Array[] {
  return records.sort((a, b) => Buffer.compare(a.subarray(RECORD_BYTES), b.subarray(RECORD_BYTES)));
}

/** SUSP 1.10 §4.1: signature, length, version 1, the rest. */
function entry(signature: string, rest: readonly number[]): Uint8Array {
  return Uint8Array.of(...new TextEncoder().encode(signature), 4 + rest.length, 1, ...rest);
}

/** SUSP 1.10 §5.1: the entries go on elsewhere. */
function pointer(sector: number, length: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  both32(view, 0, sector);
  both32(view, 8, 0);
  both32(view, 16, length);
  return entry('CE', [...bytes]);
}

/** RRIP 1.10 §4.1.1: mode, links, owner, group. */
function posix(mode: number, links: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  both32(view, 0, mode);
  both32(view, 8, links);
  return entry('PX', [...bytes]);
}

function wide(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) new DataView(bytes.buffer).setUint16(2 * i, text.charCodeAt(i));
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** ECMA-119 §9.1.5, in UTC. */
function shortDate(at: Date): Uint8Array {
  return Uint8Array.of(
    at.getUTCFullYear() - 1900,
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    0,
  );
}
