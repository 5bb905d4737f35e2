import { BIOS_AREA_END, ramRanges } from '../vmm/layout.ts';

/** Where kernels and initrds may lie. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Everything below 1 MiB belongs to the boot structures and the BIOS area; payloads lie between it and `end`. */
export const PAYLOAD_START = BIOS_AREA_END;

/** Which stretches of a machine's RAM below 4 GiB are taken before it runs. */
export class RamPlan {
  private readonly taken: Span[] = [];
  /** The end of RAM below the hole. */
  readonly end: number;

  constructor(readonly memoryBytes: number) {
    this.end = ramRanges(memoryBytes)[0]?.size ?? 0;
  }

  /** Whether payloads may lie there at all. */
  isRam(start: number, length: number): boolean {
    return start >= PAYLOAD_START && length >= 0 && start + length <= this.end;
  }

  /** Takes a stretch; false, and nothing taken, when it is not free RAM from end to end. */
  take(start: number, length: number): boolean {
    const end = start + length;
    if (!this.isRam(start, length) || this.taken.some((span) => start < span.end && span.start < end)) return false;
    this.taken.push({ start, end });
    this.taken.sort((a, b) => a.start - b.start);
    return true;
  }

  /** Takes the highest free stretch that is aligned and ends at or below `limit`; undefined when there is none. */
  takeHighest(length: number, alignment: number, limit: number): number | undefined {
    let end = Math.min(limit, this.end);
    for (let i = this.taken.length - 1; i >= -1; i--) {
      const span = this.taken[i] ?? { start: 0, end: PAYLOAD_START };
      const start = Math.floor((end - length) / alignment) * alignment;
      if (start >= span.end && this.take(start, length)) return start;
      end = Math.min(end, span.start);
    }
    return undefined;
  }
}
