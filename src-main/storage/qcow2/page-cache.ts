import { MemoryPieces } from '../../base/memory-pieces.ts';
import { type ImageFile, writeBytes } from '../image-file.ts';

/** A piece of a metadata table, as it is or is to be in the file. */
export class Page {
  dirty = false;
  recent = true;
  readonly view: DataView;

  constructor(
    public index: number,
    readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer);
  }
}

/**
 * Metadata of an image in memory, in pages, at most `limit` of them. Changed pages stay until `writeBack`: the order
 * in which metadata reaches the file is not left to a cache. A page that is found costs no garbage.
 */
export class PageCache {
  dirtyCount = 0;
  private readonly pages = new Map<number, Page>();
  /** The same pages, for the hand of the clock that looks for one to give up. */
  private readonly ring: Page[] = [];
  private hand = 0;
  private last: Page | undefined;

  constructor(
    private readonly file: ImageFile,
    /** In bytes, a power of two. */
    readonly pageBytes: number,
    private readonly limit: number,
    /** Makes all pages clean. */
    private readonly commit: () => void,
  ) {}

  /** The page that holds the byte at `offset` of the file. It may be given up on the next call. */
  at(offset: number): Page {
    const index = Math.floor(offset / this.pageBytes);
    if (this.last?.index === index) return this.last;
    let page = this.pages.get(index);
    if (page === undefined) page = this.load(index);
    page.recent = true;
    this.last = page;
    return page;
  }

  touch(page: Page): void {
    if (page.dirty) return;
    page.dirty = true;
    this.dirtyCount++;
  }

  /** Whether a change now would leave no room for pages that are only read. */
  get full(): boolean {
    return this.dirtyCount > this.limit / 2;
  }

  writeBack(): void {
    if (this.dirtyCount === 0) return;
    const dirty = this.ring.filter((page) => page.dirty).sort((a, b) => a.index - b.index);
    for (const page of dirty) {
      writeBytes(this.file, page.index * this.pageBytes, page.bytes);
      page.dirty = false;
      this.dirtyCount--;
    }
  }

  /** Forgets what it has of a range, changed or not: the range is no longer metadata. */
  forget(offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += this.pageBytes) {
      const page = this.pages.get(Math.floor(at / this.pageBytes));
      if (page === undefined) continue;
      if (page.dirty) this.dirtyCount--;
      page.dirty = false;
      this.pages.delete(page.index);
      page.index = -1;
      page.recent = false;
    }
    this.last = undefined;
  }

  private load(index: number): Page {
    const page = this.ring.length < this.limit ? this.addPage() : this.reclaim();
    page.index = -1;
    this.file.readInto(MemoryPieces.of(page.bytes), 0, this.pageBytes, index * this.pageBytes);
    page.index = index;
    this.pages.set(index, page);
    return page;
  }

  private addPage(): Page {
    const page = new Page(-1, new Uint8Array(this.pageBytes));
    this.ring.push(page);
    return page;
  }

  private reclaim(): Page {
    if (this.full) this.commit();
    for (let steps = 0; steps < 2 * this.ring.length; steps++) {
      const page = this.ring[this.hand]!;
      this.hand = (this.hand + 1) % this.ring.length;
      if (page.dirty) continue;
      if (!page.recent) {
        if (page.index >= 0) this.pages.delete(page.index);
        if (this.last === page) this.last = undefined;
        return page;
      }
      page.recent = false;
    }
    // Every page is dirty, as committing failed.
    this.commit();
    return this.reclaim();
  }
}
