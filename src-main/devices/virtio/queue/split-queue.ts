/** Split virtqueues (virtio 1.2 §2.7), device side. */
import type { GuestMemory } from '../../../vmm/memory/guest-memory.ts';
import { QUEUE, queueAddress } from '../state.ts';
import type { Chain } from './chain.ts';
import { DESC, DESC_BYTES, DescriptorTable } from './descriptors.ts';
import type { QueueFeatures, Virtqueue } from './virtqueue.ts';

/** Available ring flags (§2.7.6), used ring flags (§2.7.8). */
const NO_INTERRUPT = 1;
const NO_NOTIFY = 1;

/** 16-bit words of a ring before its entries: flags, idx. */
const RING_HEAD = 2;
const INDEX = 1;

export class SplitQueue implements Virtqueue {
  readonly size: number;
  broken = false;
  private readonly indirectTable = new DescriptorTable();

  /** @param words the queue's, see `QUEUE` */
  private constructor(
    private readonly words: Int32Array,
    private readonly memory: GuestMemory,
    private readonly features: QueueFeatures,
    private readonly table: DescriptorTable,
    private readonly available: Uint16Array,
    private readonly used: Uint16Array,
    private readonly usedElements: Uint32Array,
  ) {
    this.size = words[QUEUE.size]!;
  }

  /** The queue the driver has set up; undefined when its parts are not RAM, or not aligned, or its size no power of two (§2.7). */
  static open(words: Int32Array, memory: GuestMemory, features: QueueFeatures): SplitQueue | undefined {
    const size = words[QUEUE.size]!;
    const table = new DescriptorTable();
    const available = memory.window(queueAddress(words, QUEUE.driverLow), 2 * (RING_HEAD + size + 1));
    const used = memory.window(queueAddress(words, QUEUE.deviceLow), 4 + 8 * size + 2);
    if (!available || !used || (size & (size - 1)) !== 0) return undefined;
    if (!table.enter(memory, queueAddress(words, QUEUE.descLow), DESC_BYTES * size)) return undefined;
    if (available.byteOffset % 2 !== 0 || used.byteOffset % 4 !== 0) return undefined;
    return new SplitQueue(
      words,
      memory,
      features,
      table,
      new Uint16Array(available.buffer, available.byteOffset, RING_HEAD + size + 1),
      new Uint16Array(used.buffer, used.byteOffset, RING_HEAD + 4 * size + 1),
      new Uint32Array(used.buffer, used.byteOffset, 1 + 2 * size),
    );
  }

  pop(chain: Chain): boolean {
    const { words, size, available } = this;
    if (this.broken) return false;
    const next = words[QUEUE.nextAvailable]!;
    const waiting = (Atomics.load(available, INDEX) - next) & 0xffff;
    if (waiting === 0) return false;
    if (waiting > size) return this.fail();
    const head = available[RING_HEAD + (next & (size - 1))]!;
    words[QUEUE.nextAvailable] = (next + 1) & 0xffff;
    chain.begin(head);
    return this.walk(chain, head) || this.fail();
  }

  push(chain: Chain, written: number): void {
    this.place(chain, written);
    this.publish();
  }

  place(chain: Chain, written: number): void {
    const { words, size, usedElements, memory } = this;
    const at = words[QUEUE.nextUsed]!;
    const element = 1 + 2 * (at & (size - 1));
    usedElements[element] = chain.id;
    usedElements[element + 1] = written;
    if (memory.wrote) chain.tellWrites(memory.wrote, written);
    words[QUEUE.nextUsed] = (at + 1) & 0xffff;
  }

  publish(): void {
    Atomics.store(this.used, INDEX, this.words[QUEUE.nextUsed]!);
  }

  needsSignal(): boolean {
    const { words, available, size } = this;
    const now = words[QUEUE.nextUsed]!;
    const before = words[QUEUE.signalled]!;
    words[QUEUE.signalled] = now;
    if (now === before) return false;
    if (!this.features.eventIndex) return (Atomics.load(available, 0) & NO_INTERRUPT) === 0;
    return passed(Atomics.load(available, RING_HEAD + size), now, before);
  }

  disableNotify(): void {
    if (!this.features.eventIndex) Atomics.store(this.used, 0, NO_NOTIFY);
  }

  enableNotify(): boolean {
    const { words, used, size, available } = this;
    if (this.broken) return false;
    const next = words[QUEUE.nextAvailable]!;
    if (this.features.eventIndex) Atomics.store(used, RING_HEAD + 4 * size, next);
    else Atomics.store(used, 0, 0);
    return Atomics.load(available, INDEX) !== next;
  }

  /** §2.7.5: from the head through `next`, or through one indirect table. Each field is read once. */
  private walk(chain: Chain, head: number): boolean {
    let { table } = this;
    let index = head;
    for (let steps = 0; steps < this.size; steps++) {
      if (index >= table.count) return false;
      const gpa = table.address(index);
      const length = table.length(index);
      const flags = table.third(index);
      if ((flags & DESC.INDIRECT) !== 0) {
        if (table !== this.table || !this.features.indirect || (flags & DESC.NEXT) !== 0) return false;
        if (!this.indirectTable.enter(this.memory, gpa, length)) return false;
        chain.descriptors++;
        table = this.indirectTable;
        index = 0;
        // The descriptor that names the table is none of the chain's buffers.
        steps--;
        continue;
      }
      if (table === this.table) chain.descriptors++;
      if (!chain.add(this.memory, gpa, length, (flags & DESC.WRITE) !== 0)) return false;
      if ((flags & DESC.NEXT) === 0) return true;
      index = table.fourth(index);
    }
    return false;
  }

  private fail(): false {
    this.broken = true;
    return false;
  }
}

/** §2.7.7.2, §2.7.10: whether going from `before` to `now` passed `event`, modulo 2^16. */
export function passed(event: number, now: number, before: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
}
