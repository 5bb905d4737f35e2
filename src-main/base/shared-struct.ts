import { ByteRing } from './byte-ring.ts';
import { invariant } from './failure.ts';
import { Lock } from './lock.ts';

type Kind = 'u8' | 'u16' | 'u32' | 'i32' | 'f64' | 'bytes' | 'words';

export interface Field<T> {
  readonly kind: Kind;
  /** Elements: 1 but for `bytes` and `words`. */
  readonly count: number;
  readonly reset: number;
  /** Carries the value's type; never present. */
  readonly value?: T;
}

/** An unsigned 8-bit register with its reset value. */
export const u8 = (reset = 0): Field<number> => ({ kind: 'u8', count: 1, reset });
export const u16 = (reset = 0): Field<number> => ({ kind: 'u16', count: 1, reset });
export const u32 = (reset = 0): Field<number> => ({ kind: 'u32', count: 1, reset });
export const i32 = (reset = 0): Field<number> => ({ kind: 'i32', count: 1, reset });
/** A double: times in milliseconds, counters beyond 2^32 (exact to 2^53). */
export const f64 = (reset = 0): Field<number> => ({ kind: 'f64', count: 1, reset });
/** `count` bytes, all reset to zero. */
export const bytes = (count: number): Field<Uint8Array> => ({ kind: 'bytes', count, reset: 0 });
/** `count` signed 32-bit words, fit for `Atomics`, all reset to zero. */
export const words = (count: number): Field<Int32Array> => ({ kind: 'words', count, reset: 0 });

export type Fields = Record<string, Field<number> | Field<Uint8Array> | Field<Int32Array>>;

type Values<F extends Fields> = {
  -readonly [K in keyof F as F[K] extends Field<number> ? K : never]: number;
} & {
  readonly [K in keyof F as F[K] extends Field<number> ? never : K]: F[K] extends Field<infer T> ? T : never;
};

/** A struct's fields as properties over shared memory, with the lock that guards them. */
export type Shared<F extends Fields> = Values<F> & {
  readonly lock: Lock;
  /** Puts every field to its reset value. */
  reset(): void;
};

export interface StructType<F extends Fields = Fields> {
  readonly name: string;
  readonly version: number;
  readonly fields: F;
  /** Byte offset of each field from the struct's start. */
  readonly offsets: Readonly<Record<keyof F & string, number>>;
  /** Bytes including the lock word, a multiple of 8. */
  readonly size: number;
  /** The struct at `offset` (a multiple of 8) of `buffer`. Does not touch the memory. */
  at(buffer: SharedArrayBuffer, offset: number): Shared<F>;
}

const SIZE: Record<Kind, number> = { u8: 1, u16: 2, u32: 4, i32: 4, f64: 8, bytes: 1, words: 4 };
const LOCK_BYTES = 8;

/** What `T` names in `struct(...)`: `type UartState = SharedOf<typeof UartState>`. */
export type SharedOf<S> = S extends StructType<infer F> ? Shared<F> : never;

/**
 * Declares a chip's registers once: name, width, reset value. Fields keep their declared order, each at its natural
 * alignment. Raise `version` whenever a field changes meaning, width or place: saved machine state carries it.
 */
export function struct<const F extends Fields>(name: string, version: number, fields: F): StructType<F> {
  const offsets: Record<string, number> = {};
  let end = LOCK_BYTES;
  for (const [field, { kind, count }] of Object.entries(fields)) {
    invariant(field !== 'lock' && field !== 'reset', `${name}.${field}: reserved field name`);
    const unit = kind === 'bytes' ? 8 : SIZE[kind];
    end = Math.ceil(end / unit) * unit;
    offsets[field] = end;
    end += SIZE[kind] * count;
  }
  const size = Math.ceil(end / 8) * 8;

  return {
    name,
    version,
    fields,
    offsets: offsets as Record<keyof F & string, number>,
    size,
    at: (buffer, offset) => {
      invariant(offset % 8 === 0, `${name}: offset ${offset} is not 8-byte aligned`);
      return viewOf(fields, offsets, buffer, offset) as Shared<F>;
    },
  };
}

/**
 * The fields as properties of a prototype that this one view has to itself. Each accessor then closes over its own
 * memory and an access compiles to a load or a store; accessors shared by all structs would look their memory up anew.
 */
function viewOf(fields: Fields, offsets: Record<string, number>, buffer: SharedArrayBuffer, start: number): unknown {
  const resets: (() => void)[] = [];
  const prototype = {};
  const own = (name: string, property: PropertyDescriptor) =>
    Object.defineProperty(prototype, name, { enumerable: true, ...property });
  own('lock', { value: new Lock(new Int32Array(buffer, start, 1), 0), enumerable: false });
  own('reset', { value: () => resets.forEach((reset) => void reset()), enumerable: false });
  const view: object = Object.create(prototype);
  for (const [name, { kind, count, reset }] of Object.entries(fields)) {
    const at = start + offsets[name]!;
    if (kind === 'bytes' || kind === 'words') {
      const value = kind === 'bytes' ? new Uint8Array(buffer, at, count) : new Int32Array(buffer, at, count);
      own(name, { value });
      resets.push(() => value.fill(0));
    } else {
      const accessor = ACCESSOR[kind](buffer, at);
      own(name, accessor);
      resets.push(() => accessor.set(reset));
    }
  }
  return view;
}

interface Accessor {
  get(): number;
  set(value: number): void;
}

/** One function per kind, so that each compiles for one kind of array. */
const ACCESSOR: Record<Exclude<Kind, 'bytes' | 'words'>, (buffer: SharedArrayBuffer, at: number) => Accessor> = {
  u8: (buffer, at) => {
    const cell = new Uint8Array(buffer, at, 1);
    return {
      get: () => cell[0]!,
      set: (value) => {
        cell[0] = value;
      },
    };
  },
  u16: (buffer, at) => {
    const cell = new Uint16Array(buffer, at, 1);
    return {
      get: () => cell[0]!,
      set: (value) => {
        cell[0] = value;
      },
    };
  },
  u32: (buffer, at) => {
    const cell = new Uint32Array(buffer, at, 1);
    return {
      get: () => cell[0]!,
      set: (value) => {
        cell[0] = value;
      },
    };
  },
  i32: (buffer, at) => {
    const cell = new Int32Array(buffer, at, 1);
    return {
      get: () => cell[0]!,
      set: (value) => {
        cell[0] = value;
      },
    };
  },
  f64: (buffer, at) => {
    const cell = new Float64Array(buffer, at, 1);
    return {
      get: () => cell[0]!,
      set: (value) => {
        cell[0] = value;
      },
    };
  },
};

/** Where one struct or ring lives in an arena. */
export interface Placement {
  readonly name: string;
  readonly type: string;
  readonly version: number;
  readonly offset: number;
  readonly size: number;
}

/** An arena as it travels to a worker. */
export interface ArenaSeed {
  readonly buffer: SharedArrayBuffer;
  readonly placements: readonly Placement[];
}

/**
 * All device state of one machine, in one SharedArrayBuffer. The first thread builds it by placing structs under
 * names (`com1`, `vcpu0`); every other thread attaches to the seed and, placing the same names, meets the same state.
 */
export class Arena {
  private end: number;
  private readonly byName: Map<string, Placement>;

  private constructor(
    readonly buffer: SharedArrayBuffer,
    placements: readonly Placement[],
    private readonly building: boolean,
  ) {
    this.byName = new Map(placements.map((placement) => [placement.name, placement]));
    this.end = placements.reduce((end, { offset, size }) => Math.max(end, offset + size), 0);
  }

  static build(capacity = 4 << 20): Arena {
    return new Arena(new SharedArrayBuffer(capacity), [], true);
  }

  static attach(seed: ArenaSeed): Arena {
    return new Arena(seed.buffer, seed.placements, false);
  }

  get seed(): ArenaSeed {
    return { buffer: this.buffer, placements: [...this.byName.values()] };
  }

  /** The struct named `name`: made, with its reset values, where it is new; found, and its version checked, where not. */
  place<F extends Fields>(type: StructType<F>, name: string): Shared<F> {
    const found = this.find(name, type.name, type.version, type.size);
    if (found) return type.at(this.buffer, found.offset);
    const view = type.at(this.buffer, this.add(name, type.name, type.version, type.size).offset);
    view.reset();
    return view;
  }

  /** The byte ring named `name`; `capacity` in bytes, a power of two. */
  ring(name: string, capacity: number): ByteRing {
    const size = ByteRing.HEADER_BYTES + capacity;
    const { offset } = this.find(name, 'byte-ring', 1, size) ?? this.add(name, 'byte-ring', 1, size);
    return new ByteRing(this.buffer, offset, capacity);
  }

  private find(name: string, type: string, version: number, size: number): Placement | undefined {
    const found = this.byName.get(name);
    if (!found) return undefined;
    const same = found.type === type && found.version === version && found.size === size;
    invariant(same, `arena: ${name} holds ${found.type} v${found.version}, not ${type} v${version}`);
    return found;
  }

  private add(name: string, type: string, version: number, size: number): Placement {
    invariant(this.building, `arena: nothing named ${name} was placed`);
    const offset = Math.ceil(this.end / 8) * 8;
    invariant(offset + size <= this.buffer.byteLength, `arena: no room for ${name}`);
    const placement = { name, type, version, offset, size };
    this.byName.set(name, placement);
    this.end = offset + size;
    return placement;
  }
}
