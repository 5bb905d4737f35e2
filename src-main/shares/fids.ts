import { type BigIntStats, closeSync } from 'node:fs';
import type { ByteString } from '../linux/dir-fd.ts';
import { EBADF, EMFILE, Refused } from './refused.ts';
import type { Entry } from './shared-folder.ts';

/** As many as a guest may have: each is a descriptor of ours, or two. */
const MOST_FIDS = 8192;

/** A file as the guest holds it. */
export interface Fid {
  /** What it is, open for nothing (O_PATH). */
  path: number;
  /** How it was reached, for `..`. */
  names: readonly ByteString[];
  /** Open for reading or writing; -1 for not. */
  io: number;
  /** A directory being read. */
  entries: readonly Entry[] | undefined;
}

/** The files a guest holds, by its own numbers. */
export class Fids {
  private readonly known = new Map<number, Fid>();

  get(number: number): Fid {
    const fid = this.known.get(number);
    if (fid === undefined) throw new Refused(EBADF);
    return fid;
  }

  /** Throws where one more would be too many, or the number is taken. */
  expect(number: number): void {
    if (this.known.has(number)) throw new Refused(EBADF);
    if (this.known.size >= MOST_FIDS) throw new Refused(EMFILE);
  }

  add(number: number, path: number, names: readonly ByteString[]): void {
    this.known.set(number, { path, names, io: -1, entries: undefined });
  }

  /** Replaces what the number stands for. */
  move(number: number, path: number, names: readonly ByteString[]): void {
    const fid = this.get(number);
    closeSync(fid.path);
    fid.path = path;
    fid.names = names;
  }

  drop(number: number): void {
    const fid = this.get(number);
    this.known.delete(number);
    close(fid);
  }

  clear(): void {
    for (const fid of this.known.values()) close(fid);
    this.known.clear();
  }
}

function close({ path, io }: Fid): void {
  closeSync(path);
  if (io >= 0) closeSync(io);
}

/** qid.type[1] (intro(5)). */
const QT = { DIR: 0x80, SYMLINK: 0x02, FILE: 0 } as const;

/** A file's identity for the guest: type[1] version[4] path[8]. Two file systems beneath one folder stay apart. */
export function qidOf(stat: BigIntStats): { type: number; version: number; path: bigint } {
  const type = stat.isDirectory() ? QT.DIR : stat.isSymbolicLink() ? QT.SYMLINK : QT.FILE;
  const version = Number(BigInt.asUintN(32, stat.mtimeNs / 1000n));
  return { type, version, path: stat.ino ^ (BigInt.asUintN(16, stat.dev) << 48n) };
}
