/**
 * tar, read from chunks as they come: ustar, pax (POSIX.1-2017 pax), GNU long names, GNU base-256 numbers and all four
 * GNU sparse formats. Written for archives from strangers: every length is limited before it is believed.
 * Departs from the choice of tar-stream: because that knows no sparse files and reads names as UTF-8.
 */
import type { ByteString } from '../../linux/dir-fd.ts';
import { parsePaxRecords } from './pax-records.ts';
import { checkExtents, parseSparseBlocks, parseSparseList, readOldGnuBlock, readOldGnuHeader } from './sparse-map.ts';
import { BLOCK, badArchive, type Extent, entryTypes, type TarEntry, USTAR } from './tar-entry.ts';
import { checksumHolds, parseDecimal, parsePaxTime, readNumber, readText } from './tar-numbers.ts';

export interface TarSink {
  entry(entry: TarEntry): void;
  /** Bytes of the file last announced, and where in it they belong. The buffer is the reader's: copy what is kept. */
  data(bytes: Buffer, offset: number): void;
  /** The file last announced is complete. Called for entries of every type. */
  end(): void;
}

/** What precedes an entry and describes it: pax headers and GNU long names. */
const DESCRIPTION_MAX = 1 << 20;
const XATTR = 'SCHILY.xattr.';

type Phase = 'header' | 'description' | 'old-sparse' | 'sparse-blocks' | 'data' | 'padding' | 'ended';

interface Description {
  pax: Map<ByteString, Buffer>;
  name?: ByteString;
  link?: ByteString;
}

export class TarReader {
  private phase: Phase = 'header';
  private readonly pending: Buffer[] = [];
  private pendingBytes = 0;
  private wanted: number = BLOCK;
  private description: Description = { pax: new Map() };
  private describes = '';
  private header: Buffer = Buffer.alloc(BLOCK);
  private oldExtents: Extent[] = [];
  private oldRealSize = 0;
  private sparseMap: Buffer = Buffer.alloc(0);
  private padding = 0;
  private left = 0;
  private extents: readonly Extent[] = [];
  private extentIndex = 0;
  private extentDone = 0;
  private stored = 0;

  constructor(private readonly sink: TarSink) {}

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.phase === 'ended') return;
      if (this.phase === 'data') offset += this.takeData(chunk, offset);
      else if (this.phase === 'padding') offset += this.skipPadding(chunk, offset);
      else offset += this.gather(chunk, offset);
    }
  }

  /** The archive has no more bytes. */
  finish(): void {
    if (this.phase === 'ended') return;
    if (this.phase !== 'header' || this.pendingBytes > 0 || this.describes !== '')
      throw badArchive('it ends in the middle of a file');
  }

  /** Collects `wanted` bytes, then acts on them. */
  private gather(chunk: Buffer, offset: number): number {
    const take = Math.min(this.wanted - this.pendingBytes, chunk.length - offset);
    const piece = chunk.subarray(offset, offset + take);
    if (this.pendingBytes === 0 && take === this.wanted) {
      this.gathered(piece);
      return take;
    }
    this.pending.push(Buffer.from(piece));
    this.pendingBytes += take;
    if (this.pendingBytes === this.wanted) {
      const whole = Buffer.concat(this.pending);
      this.pending.length = 0;
      this.pendingBytes = 0;
      this.gathered(whole);
    }
    return take;
  }

  private gathered(bytes: Buffer): void {
    if (this.phase === 'header') this.takeHeader(bytes);
    else if (this.phase === 'description') this.takeDescription(bytes);
    else if (this.phase === 'old-sparse') this.takeOldSparse(bytes);
    else this.takeSparseBlock(bytes);
  }

  private expect(phase: Phase, bytes: number): void {
    this.phase = phase;
    this.wanted = bytes;
  }

  private takeHeader(block: Buffer): void {
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      if (this.describes !== '') throw badArchive('it ends in the middle of a file');
      this.phase = 'ended';
      return;
    }
    if (!checksumHolds(block)) throw badArchive('a header has a wrong checksum: this is not a tar, or it is damaged');
    const type = block.toString('latin1', USTAR.type[0], USTAR.type[0] + 1);
    const size = readNumber(block, ...USTAR.size);
    if (size < 0) throw badArchive('a file has a negative size');
    if ('xgLK'.includes(type)) {
      if (size > DESCRIPTION_MAX) throw badArchive('a header is too long');
      this.describes = type;
      this.padding = padding(size);
      if (size === 0) this.takeDescription(Buffer.alloc(0));
      else this.expect('description', size + this.padding);
      return;
    }
    this.header = Buffer.from(block);
    this.stored = this.sizeOf(size);
    if (type === 'S') this.startOldSparse();
    else this.startEntry(type);
  }

  private startOldSparse(): void {
    const { extents, more, realSize } = readOldGnuHeader(this.header);
    this.oldExtents = extents;
    this.oldRealSize = realSize;
    if (more) this.expect('old-sparse', BLOCK);
    else this.startEntry('S');
  }

  private sizeOf(inHeader: number): number {
    const size = this.description.pax.get('size');
    return size === undefined ? inHeader : parseDecimal(size.toString('latin1'), 'a size');
  }

  private takeDescription(padded: Buffer): void {
    const body = padded.subarray(0, padded.length - this.padding);
    const text = (): string => body.toString('latin1').replace(/\0.*$/s, '');
    if (this.describes === 'L') this.description.name = text();
    else if (this.describes === 'K') this.description.link = text();
    else if (this.describes === 'x') this.takePax(Buffer.from(body));
    // A global header ('g') says nothing that matters in a layer; `git archive` writes its commit there.
    this.describes = this.describes === 'g' ? '' : this.describes;
    this.expect('header', BLOCK);
  }

  private takePax(body: Buffer): void {
    const sparse: string[] = [];
    for (const [keyword, value] of parsePaxRecords(body)) {
      if (keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes') sparse.push(value.toString('latin1'));
      else if (value.length === 0 && !keyword.startsWith(XATTR)) this.description.pax.delete(keyword);
      else this.description.pax.set(keyword, value);
    }
    if (sparse.length > 0) this.description.pax.set('GNU.sparse.map', Buffer.from(sparse.join(','), 'latin1'));
  }

  private takeOldSparse(block: Buffer): void {
    const { extents, more } = readOldGnuBlock(block);
    this.oldExtents.push(...extents);
    if (this.oldExtents.length > 1 << 16) throw badArchive('a sparse map is too long');
    if (!more) this.startEntry('S');
  }

  private takeSparseBlock(block: Buffer): void {
    this.sparseMap = Buffer.concat([this.sparseMap, block]);
    if (this.sparseMap.length > DESCRIPTION_MAX || this.sparseMap.length > this.stored) {
      throw badArchive('a sparse map is too long');
    }
    const extents = parseSparseBlocks(this.sparseMap);
    if (!extents) {
      this.expect('sparse-blocks', BLOCK);
      return;
    }
    this.stored -= this.sparseMap.length;
    this.announce(this.describeEntry('0', extents));
  }

  private startEntry(type: string): void {
    const { pax } = this.description;
    if (pax.get('GNU.sparse.major')?.toString() === '1' && pax.get('GNU.sparse.minor')?.toString() === '0') {
      this.sparseMap = Buffer.alloc(0);
      this.expect('sparse-blocks', BLOCK);
      return;
    }
    const map = pax.get('GNU.sparse.map');
    const extents = type === 'S' ? this.oldExtents : map && parseSparseList(map.toString('latin1'));
    this.announce(this.describeEntry(type, extents));
  }

  private describeEntry(flag: string, extents: readonly Extent[] | undefined): TarEntry {
    const { header } = this;
    const { pax } = this.description;
    const text = (keyword: string): ByteString | undefined => pax.get(keyword)?.toString('latin1');
    const number = (keyword: string, [offset, length]: readonly [number, number]): number => {
      const value = text(keyword);
      return value === undefined ? readNumber(header, offset, length) : parseDecimal(value, keyword);
    };
    const name = text('GNU.sparse.name') ?? text('path') ?? this.description.name ?? headerName(header);
    let type = entryTypes[flag];
    if (type === undefined) throw badArchive(`${printable(name)} is of a type (${printable(flag)}) nobody knows`);
    if (type === 'file' && name.endsWith('/')) type = 'directory';
    const real = text('GNU.sparse.realsize') ?? text('GNU.sparse.size');
    const size = flag === 'S' ? this.oldRealSize : real === undefined ? this.stored : parseDecimal(real, 'a size');
    const mtime = text('mtime');
    const time =
      mtime === undefined ? { seconds: readNumber(header, ...USTAR.mtime), nanoseconds: 0 } : parsePaxTime(mtime);
    return {
      type,
      name,
      link: text('linkpath') ?? this.description.link ?? readText(header, ...USTAR.link),
      mode: readNumber(header, ...USTAR.mode) & 0o7777,
      uid: number('uid', USTAR.uid),
      gid: number('gid', USTAR.gid),
      size: type === 'file' ? size : 0,
      ...time,
      deviceMajor: isDevice(type) ? readNumber(header, ...USTAR.deviceMajor) : 0,
      deviceMinor: isDevice(type) ? readNumber(header, ...USTAR.deviceMinor) : 0,
      xattrs: xattrsOf(pax),
      extents: type === 'file' && extents ? checkExtents(extents, size, this.stored) : undefined,
    };
  }

  private announce(entry: TarEntry): void {
    // Go's archive/tar and GNU tar agree: what is no file has no data, whatever its header says of a size.
    if (entry.type !== 'file') this.stored = 0;
    for (const text of [entry.name, entry.link]) {
      if (text.includes('\0')) throw badArchive('a name has a zero byte in it');
    }
    this.description = { pax: new Map() };
    this.describes = '';
    this.extents = entry.extents ?? [{ offset: 0, length: this.stored }];
    this.extentIndex = 0;
    this.extentDone = 0;
    this.left = this.stored;
    this.padding = padding(this.stored);
    this.phase = 'data';
    this.sink.entry(entry);
    if (this.left === 0) this.endEntry();
  }

  private takeData(chunk: Buffer, offset: number): number {
    let taken = 0;
    while (this.left > 0 && offset + taken < chunk.length) {
      const extent = this.extents[this.extentIndex]!;
      const rest = extent.length - this.extentDone;
      if (rest === 0) {
        this.extentIndex++;
        this.extentDone = 0;
        continue;
      }
      const take = Math.min(rest, chunk.length - offset - taken);
      this.sink.data(chunk.subarray(offset + taken, offset + taken + take), extent.offset + this.extentDone);
      this.extentDone += take;
      this.left -= take;
      taken += take;
    }
    if (this.left === 0) this.endEntry();
    return taken;
  }

  private endEntry(): void {
    this.sink.end();
    this.left = this.padding;
    if (this.left === 0) this.expect('header', BLOCK);
    else this.phase = 'padding';
  }

  private skipPadding(chunk: Buffer, offset: number): number {
    const take = Math.min(this.left, chunk.length - offset);
    this.left -= take;
    if (this.left === 0) this.expect('header', BLOCK);
    return take;
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;
const isDevice = (type: string): boolean => type === 'character' || type === 'block';

export function printable(name: ByteString): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'));
}

function headerName(header: Buffer): ByteString {
  const name = readText(header, ...USTAR.name);
  // Old GNU archives (magic "ustar  ") keep other things where ustar has the prefix.
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? readText(header, ...USTAR.prefix) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

const none: ReadonlyMap<ByteString, Buffer> = new Map();

function xattrsOf(pax: ReadonlyMap<ByteString, Buffer>): ReadonlyMap<ByteString, Buffer> {
  if (pax.size === 0) return none;
  const found = new Map<ByteString, Buffer>();
  for (const [keyword, value] of pax) {
    if (keyword.startsWith(XATTR)) found.set(keyword.slice(XATTR.length), value);
  }
  return found;
}
