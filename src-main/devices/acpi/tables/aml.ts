/**
 * ACPI Machine Language, as much as our DSDT says (ACPI 6.4 §20.2). Each function returns the encoding of one term;
 * terms nest by passing them on.
 */

import { invariant } from '../../../base/failure.ts';

export type Aml = Uint8Array;

/** Opcodes and prefixes (ACPI 6.4 §20.3, table 20.1). */
const OP = {
  zero: 0x00,
  one: 0x01,
  name: 0x08,
  byte: 0x0a,
  word: 0x0b,
  dword: 0x0c,
  string: 0x0d,
  scope: 0x10,
  buffer: 0x11,
  package: 0x12,
  extended: 0x5b,
  device: 0x82,
} as const;

const ROOT = 0x5c;
const DUAL_NAME = 0x2e;

/** `Scope (path) { terms }` */
export function scope(path: string, ...terms: Aml[]): Aml {
  return concat([OP.scope], packaged(nameString(path), ...terms));
}

/** `Device (name) { terms }` */
export function device(name: string, ...terms: Aml[]): Aml {
  return concat([OP.extended, OP.device], packaged(nameString(name), ...terms));
}

/** `Name (path, value)` */
export function name(path: string, value: Aml): Aml {
  return concat([OP.name], nameString(path), value);
}

/** An integer in its shortest form, up to 32 bits. */
export function integer(value: number): Aml {
  if (value === 0) return Uint8Array.of(OP.zero);
  if (value === 1) return Uint8Array.of(OP.one);
  if (value <= 0xff) return Uint8Array.of(OP.byte, value);
  if (value <= 0xffff) return Uint8Array.of(OP.word, ...littleEndian(value, 2));
  return Uint8Array.of(OP.dword, ...littleEndian(value, 4));
}

export function string(text: string): Aml {
  return concat([OP.string], ascii(text), [0]);
}

/** `Package () { elements }` */
export function packageOf(...elements: Aml[]): Aml {
  return concat([OP.package], packaged([elements.length], ...elements));
}

/** `EisaId (id)`: three letters of five bits each and four hex digits, big-endian, in a DWord (ACPI 6.4 §19.6.37). */
export function eisaId(id: string): Aml {
  invariant(/^[A-Z]{3}[0-9A-F]{4}$/.test(id), `${id} is not an EISA id`);
  const letters = [0, 1, 2].reduce((sum, index) => (sum << 5) | (id.charCodeAt(index) - 0x40), 0);
  const product = Number.parseInt(id.slice(3), 16);
  return Uint8Array.of(OP.dword, letters >> 8, letters & 0xff, product >> 8, product & 0xff);
}

/** `ResourceTemplate () { descriptors }` with its end tag; checksum 0 means "not checked" (ACPI 6.4 §6.4.2.9). */
export function resourceTemplate(...descriptors: Aml[]): Aml {
  const bytes = concat(...descriptors, [0x79, 0x00]);
  return concat([OP.buffer], packaged(integer(bytes.length), bytes));
}

/** `IO (Decode16, base, base, 1, length)` (ACPI 6.4 §6.4.2.5). */
export function ioPorts(base: number, length: number): Aml {
  return Uint8Array.of(0x47, 0x01, ...littleEndian(base, 2), ...littleEndian(base, 2), 0x01, length);
}

/** `IRQNoFlags () { irq }`: edge-triggered, active high (ACPI 6.4 §6.4.2.1). */
export function irqLine(irq: number): Aml {
  return Uint8Array.of(0x22, ...littleEndian(1 << irq, 2));
}

/** `Memory32Fixed (ReadWrite, address, length)` (ACPI 6.4 §6.4.3.4). */
export function fixedMemory(address: number, length: number): Aml {
  return Uint8Array.of(0x86, 9, 0, 1, ...littleEndian(address, 4), ...littleEndian(length, 4));
}

/** Address space descriptors of a bridge (ACPI 6.4 §6.4.3.5): produced, minimum and maximum fixed. */
const SPACE = { memory: 0, io: 1, bus: 2 } as const;
const PRODUCER_FIXED = 0b1100;
/** Read-write, not cacheable (table 6.49); entire range (table 6.50). */
const READ_WRITE = 1;
const ENTIRE_RANGE = 3;

/** `WordBusNumber`: buses `first` to `last`. */
export function busNumbers(first: number, last: number): Aml {
  return window(0x88, 2, SPACE.bus, 0, first, last);
}

/** `WordIO`: I/O ports `first` to `last`. */
export function portWindow(first: number, last: number): Aml {
  return window(0x88, 2, SPACE.io, ENTIRE_RANGE, first, last);
}

/** `DWordMemory`: addresses `first` to `last`, below 4 GiB. */
export function memoryWindow(first: number, last: number): Aml {
  return window(0x87, 4, SPACE.memory, READ_WRITE, first, last);
}

/** Granularity 0, minimum, maximum, translation 0, length, each of `width` bytes. */
function window(tag: number, width: number, space: number, flags: number, first: number, last: number): Aml {
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => littleEndian(value, width));
  return Uint8Array.of(tag, ...littleEndian(3 + fields.length, 2), space, PRODUCER_FIXED, flags, ...fields);
}

/** NameString (§20.2.2): an optional root and at most two segments, each padded to four characters. */
function nameString(path: string): Aml {
  const fromRoot = path.startsWith('\\');
  const segments = path.slice(fromRoot ? 1 : 0).split('.');
  invariant(segments.length <= 2, `${path} has more than two name segments`);
  const prefix = [...(fromRoot ? [ROOT] : []), ...(segments.length === 2 ? [DUAL_NAME] : [])];
  return concat(prefix, ...segments.map(nameSegment));
}

function nameSegment(segment: string): Aml {
  invariant(/^[A-Z_][A-Z0-9_]{0,3}$/.test(segment), `${segment} is not an ACPI name`);
  return ascii(segment.padEnd(4, '_'));
}

/** PkgLength and what it spans, itself included (§20.2.4). */
function packaged(...parts: (Aml | number[])[]): Aml {
  const content = concat(...parts);
  for (const extraBytes of [0, 1, 2, 3]) {
    const length = content.length + 1 + extraBytes;
    if (extraBytes === 0 && length < 0x40) return concat([length], content);
    if (extraBytes === 0 || length >= 2 ** (4 + 8 * extraBytes)) continue;
    return concat([(extraBytes << 6) | (length & 0x0f), ...littleEndian(length >> 4, extraBytes)], content);
  }
  invariant(false, `an AML package of ${content.length} bytes`);
}

function ascii(text: string): Aml {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => (value >>> (8 * index)) & 0xff);
}

export function concat(...parts: (Uint8Array | number[])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
