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

interface Views {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
}

/**
 * Declares a chip's registers once: name, width, reset value. Fields keep their declared order, each at its natural
 * alignment. Raise `version` whenever a field changes meaning, width or place: saved machine state carries it.
 */
export function struct<const F extends Fields>(name: string, version: number, fields: F): StructType<F> {
  const offsets: Record<string, number> = {};
  let end = LOCK_BYTES;
  for (const [field, { kind, count }] of Object.entries(fields)) {
    invariant(field !== 'lock' && field !== 'reset' && field !== 'views', `${name}.${field}: reserved field name`);
    const unit = kind === 'bytes' ? 8 : SIZE[kind];
    end = Math.ceil(end / unit) * unit;
    offsets[field] = end;
    end += SIZE[kind] * count;
  }
  const size = Math.ceil(end / 8) * 8;

  class View {
    readonly lock: Lock;
    readonly views: Views;

    constructor(buffer: SharedArrayBuffer, offset: number) {
      this.views = {
        u8: new Uint8Array(buffer, offset, size),
        u16: new Uint16Array(buffer, offset, size / 2),
        u32: new Uint32Array(buffer, offset, size / 4),
        i32: new Int32Array(buffer, offset, size / 4),
        f64: new Float64Array(buffer, offset, size / 8),
      };
      this.lock = new Lock(this.views.i32, 0);
      for (const [field, { kind, count }] of Object.entries(fields)) {
        if (kind !== 'bytes' && kind !== 'words') continue;
        const from = offset + offsets[field]!;
        const value = kind === 'bytes' ? new Uint8Array(buffer, from, count) : new Int32Array(buffer, from, count);
        Object.defineProperty(this, field, { value, enumerable: true });
      }
    }

    reset(): void {
      for (const [field, { kind, reset }] of Object.entries(fields)) {
        const self = this as unknown as Record<string, number | Uint8Array | Int32Array>;
        if (kind === 'bytes' || kind === 'words') (self[field] as Uint8Array | Int32Array).fill(0);
        else self[field] = reset;
      }
    }
  }
  for (const [field, { kind }] of Object.entries(fields)) {
    if (kind === 'bytes' || kind === 'words') continue;
    Object.defineProperty(View.prototype, field, { enumerable: true, ...accessor(kind, offsets[field]! / SIZE[kind]) });
  }

  return {
    name,
    version,
    fields,
    offsets: offsets as Record<keyof F & string, number>,
    size,
    at: (buffer, offset) => {
      invariant(offset % 8 === 0, `${name}: offset ${offset} is not 8-byte aligned`);
      return new View(buffer, offset) as unknown as Shared<F>;
    },
  };
}

type Accessor = { get(this: { views: Views }): number; set(this: { views: Views }, value: number): void };

function accessor(kind: 'u8' | 'u16' | 'u32' | 'i32' | 'f64', index: number): Accessor {
  return {
    get() {
      return this.views[kind][index]!;
    },
    set(value: number) {
      this.views[kind][index] = value;
    },
  };
}

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
