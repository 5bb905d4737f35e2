/**
 * Packed virtqueues (virtio 1.2 §2.8), device side. A position in the ring is a descriptor's index, with the wrap
 * counter of its lap in bit 15: so the driver's event structure has it (§2.8.14), and so the arena.
 */
import type { GuestMemory } from '../../../vmm/memory/guest-memory.ts';
import { QUEUE, queueAddress, WRAP_COUNTER } from '../state.ts';
import type { Chain } from './chain.ts';
import { DESC, DESC_BYTES, DescriptorTable } from './descriptors.ts';
import type { QueueFeatures, Virtqueue } from './virtqueue.ts';

/** Flags that tell in which lap a descriptor was made available, and used (§2.8.1). */
const AVAIL = 1 << 7;
const USED = 1 << 15;
const INDEX = WRAP_COUNTER - 1;

/** 32-bit words of a descriptor (§2.8.13): addr has two, id and flags share the last and change together. */
const DESC_WORDS = DESC_BYTES / 4;
const LENGTH = 2;
const MARK = 3;

/** Event flags (§2.8.10), in the upper half of an event structure (§2.8.14). */
const EVENT = { ENABLE: 0, DISABLE: 1, DESC: 2 } as const;
const EVENT_FLAGS = 3;
const EVENT_BYTES = 4;

const NONE = -1;

export class PackedQueue implements Virtqueue {
  readonly size: number;
  broken = false;
  private readonly indirect = new DescriptorTable();
  /** Where the first descriptor placed since `publish` has its mark, and what that will be. */
  private heldAt = NONE;
  private heldMark = 0;

  /** @param words the queue's, see `QUEUE` */
  private constructor(
    private readonly words: Int32Array,
    private readonly memory: GuestMemory,
    private readonly features: QueueFeatures,
    private readonly ring: Uint32Array,
    private readonly driverEvent: Uint32Array,
    private readonly deviceEvent: Uint32Array,
  ) {
    this.size = words[QUEUE.size]!;
  }

  /** The queue the driver has set up; undefined when its parts are not RAM, or not aligned (§2.8.10.1). */
  static open(words: Int32Array, memory: GuestMemory, features: QueueFeatures): PackedQueue | undefined {
    const size = words[QUEUE.size]!;
    const ring = memory.window(queueAddress(words, QUEUE.descLow), DESC_BYTES * size);
    const driver = memory.window(queueAddress(words, QUEUE.driverLow), EVENT_BYTES);
    const device = memory.window(queueAddress(words, QUEUE.deviceLow), EVENT_BYTES);
    if (!ring || !driver || !device) return undefined;
    if (ring.byteOffset % DESC_BYTES !== 0) return undefined;
    if (driver.byteOffset % EVENT_BYTES !== 0 || device.byteOffset % EVENT_BYTES !== 0) return undefined;
    // A driver that negotiates anew without a reset leaves positions of another ring behind.
    if ((words[QUEUE.nextAvailable]! & INDEX) >= size || (words[QUEUE.nextUsed]! & INDEX) >= size) return undefined;
    return new PackedQueue(
      words,
      memory,
      features,
      new Uint32Array(ring.buffer, ring.byteOffset, DESC_WORDS * size),
      new Uint32Array(driver.buffer, driver.byteOffset, 1),
      new Uint32Array(device.buffer, device.byteOffset, 1),
    );
  }

  pop(chain: Chain): boolean {
    if (this.broken) return false;
    const position = this.words[QUEUE.nextAvailable]!;
    const mark = this.mark(position);
    if (!available(mark, position)) return false;
    return this.walk(chain, position, mark) || this.fail();
  }

  push(chain: Chain, written: number): void {
    this.place(chain, written);
    this.publish();
  }

  /** §2.8.4, §2.8.6: one used descriptor for the whole chain. */
  place(chain: Chain, written: number): void {
    const { words, ring, memory } = this;
    const position = words[QUEUE.nextUsed]!;
    const at = DESC_WORDS * (position & INDEX);
    const lap = (position & WRAP_COUNTER) !== 0 ? AVAIL | USED : 0;
    const mark = (chain.id | ((lap | (written > 0 ? DESC.WRITE : 0)) << 16)) >>> 0;
    ring[at + LENGTH] = written;
    if (this.heldAt === NONE) {
      this.heldAt = at + MARK;
      this.heldMark = mark;
    } else {
      ring[at + MARK] = mark;
    }
    if (memory.wrote) chain.tellWrites(memory.wrote, written);
    words[QUEUE.nextUsed] = this.after(position, chain.descriptors);
    words[QUEUE.signalled]! += chain.descriptors;
  }

  /** §2.8.9: the first descriptor is marked last, so that the driver sees all or none. */
  publish(): void {
    if (this.heldAt === NONE) return;
    Atomics.store(this.ring, this.heldAt, this.heldMark);
    this.heldAt = NONE;
  }

  /** §2.8.10. */
  needsSignal(): boolean {
    const { words, size } = this;
    const used = words[QUEUE.signalled]!;
    words[QUEUE.signalled] = 0;
    if (used === 0) return false;
    const event = Atomics.load(this.driverEvent, 0);
    const flags = (event >>> 16) & EVENT_FLAGS;
    if (flags !== EVENT.DESC || !this.features.eventIndex) return flags !== EVENT.DISABLE;
    const now = words[QUEUE.nextUsed]!;
    const otherLap = ((now ^ event) & WRAP_COUNTER) !== 0;
    const passedBy = (now & INDEX) - (event & INDEX) + (otherLap ? size : 0);
    return passedBy > 0 && passedBy <= used;
  }

  disableNotify(): void {
    Atomics.store(this.deviceEvent, 0, EVENT.DISABLE << 16);
  }

  enableNotify(): boolean {
    if (this.broken) return false;
    const position = this.words[QUEUE.nextAvailable]!;
    const event = this.features.eventIndex ? position | (EVENT.DESC << 16) : EVENT.ENABLE << 16;
    Atomics.store(this.deviceEvent, 0, event);
    return available(this.mark(position), position);
  }

  /** §2.8.6: descriptors in a row, each of them made available, the buffer's id in the last. Each word is read once. */
  private walk(chain: Chain, head: number, headMark: number): boolean {
    const { ring, size } = this;
    chain.begin(0);
    let position = head;
    let mark = headMark;
    for (let count = 1; count <= size; count++) {
      const at = DESC_WORDS * (position & INDEX);
      const gpa = ring[at]! + ring[at + 1]! * 0x1_0000_0000;
      const flags = mark >>> 16;
      if (!this.take(chain, gpa, ring[at + LENGTH]!, flags, count)) return false;
      position = this.after(position, 1);
      if ((flags & DESC.NEXT) === 0) {
        chain.id = mark & 0xffff;
        chain.descriptors = count;
        this.words[QUEUE.nextAvailable] = position;
        return true;
      }
      mark = this.mark(position);
      if (!available(mark, position)) return false;
    }
    return false;
  }

  /** Adds the `count`th descriptor of a chain. §2.8.19: one that names an indirect table is alone. */
  private take(chain: Chain, gpa: number, length: number, flags: number, count: number): boolean {
    if ((flags & DESC.INDIRECT) === 0) return chain.add(this.memory, gpa, length, (flags & DESC.WRITE) !== 0);
    if (count > 1 || (flags & DESC.NEXT) !== 0 || !this.features.indirect) return false;
    return this.takeIndirect(chain, gpa, length);
  }

  /** §2.8.7: the whole table, whose only flag is WRITE. */
  private takeIndirect(chain: Chain, gpa: number, length: number): boolean {
    const { indirect, memory } = this;
    if (!indirect.enter(memory, gpa, length) || indirect.count > this.size) return false;
    for (let i = 0; i < indirect.count; i++) {
      const writable = (indirect.fourth(i) & DESC.WRITE) !== 0;
      if (!chain.add(memory, indirect.address(i), indirect.length(i), writable)) return false;
    }
    return true;
  }

  private mark(position: number): number {
    return Atomics.load(this.ring, DESC_WORDS * (position & INDEX) + MARK);
  }

  /** The position `count` descriptors on; past the last one the wrap counter changes (§2.8.1). */
  private after(position: number, count: number): number {
    const index = (position & INDEX) + count;
    const lap = position & WRAP_COUNTER;
    return index < this.size ? lap | index : (lap ^ WRAP_COUNTER) | (index - this.size);
  }

  private fail(): false {
    this.broken = true;
    return false;
  }
}

/** §2.8.1: AVAIL is as the wrap counter, USED is not. */
function available(mark: number, position: number): boolean {
  return ((mark >>> 16) & (AVAIL | USED)) === ((position & WRAP_COUNTER) !== 0 ? AVAIL : USED);
}
