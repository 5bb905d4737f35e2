import { type BigIntStats, closeSync, fdatasyncSync, fsyncSync, readSync, writeSync } from 'node:fs';
import type { ByteString } from '../linux/dir-fd.ts';
import { Fids, qidOf } from './fids.ts';
import { ERROR_BYTES, HEADER_BYTES, MessageReader, MessageWriter, MOST_BYTES, ShortMessage, T } from './messages.ts';
import { EBADF, EINVAL, EISDIR, ENOTDIR, EOPNOTSUPP, errnoOf, Refused } from './refused.ts';
import type { Entry, SharedFolder } from './shared-folder.ts';

const VERSION = '9P2000.L';
/** Rversion's answer to any other (version(5)). */
const UNKNOWN_VERSION = 'unknown';
const LEAST_BYTES = 4096;
/** walk(5): MAXWELEM. */
const MOST_STEPS = 16;
const AT_REMOVEDIR = 0x200;
/** Tgetattr: P9_GETATTR_BASIC (diod protocol.md). */
const GETATTR_BASIC = 0x7ffn;
/** Tsetattr's `valid` bits. */
const SET = { mode: 1, uid: 2, gid: 4, size: 8, atime: 0x10, mtime: 0x20, atimeSet: 0x80, mtimeSet: 0x100 } as const;
/** Rstatfs: what Linux calls v9fs (linux/magic.h, V9FS_MAGIC). */
const V9FS_MAGIC = 0x0102_1997;
const NAME_MAX = 255;
/** Rlock: granted. Tlock's type: nothing is locked (fcntl.h, F_UNLCK, as the protocol numbers it). */
const [LOCK_SUCCESS, LOCK_UNLOCKED] = [0, 2];
/** -1, for a uid or gid that stays. */
const SAME = 0xffff_ffff;

type Answer = (ask: MessageReader, reply: MessageWriter) => void;

/**
 * Serves one folder by 9P2000.L, one message at a time: whatever a guest sends gets an answer, and reaches nothing
 * outside the folder. Guest driver: Linux v9fs. Without extended attributes; locks are the guest's own affair.
 */
export class NineServer {
  readonly mostBytes = MOST_BYTES;
  readonly leastRoom = ERROR_BYTES;
  private readonly fids = new Fids();
  private limit = MOST_BYTES;

  constructor(private readonly folder: SharedFolder) {}

  /** Answers `request` into `reply`, which has room for `ERROR_BYTES` at least; the answer's length. */
  answer(request: Uint8Array, reply: Uint8Array): number {
    if (request.length < HEADER_BYTES) return 0;
    const view = new DataView(request.buffer, request.byteOffset, request.length);
    const [size, type, tag] = [view.getUint32(0, true), view.getUint8(4), view.getUint16(5, true)];
    const writer = new MessageWriter(reply, Math.min(reply.length, this.limit));
    try {
      if (size < HEADER_BYTES || size > request.length) throw new Refused(EINVAL);
      const answer = Object.hasOwn(this.answers, type) ? this.answers[type] : undefined;
      if (answer === undefined) throw new Refused(EOPNOTSUPP);
      answer(new MessageReader(request.subarray(0, size)), writer);
      return writer.finish(type + 1, tag);
    } catch (error) {
      const errno = error instanceof ShortMessage ? EINVAL : errnoOf(error);
      return new MessageWriter(reply, ERROR_BYTES).u32(errno).finish(T.LERROR + 1, tag);
    }
  }

  /** The guest is gone: everything it held is closed. */
  reset(): void {
    this.fids.clear();
    this.limit = MOST_BYTES;
  }

  dispose(): void {
    this.fids.clear();
    this.folder.dispose();
  }

  private readonly answers: Readonly<Record<number, Answer>> = {
    [T.VERSION]: (ask, reply) => {
      const wanted = ask.u32();
      const version = ask.text();
      if (wanted < LEAST_BYTES) throw new Refused(EINVAL);
      this.reset();
      this.limit = Math.min(wanted, MOST_BYTES);
      reply.u32(this.limit).text(version === VERSION ? VERSION : UNKNOWN_VERSION);
    },
    [T.ATTACH]: (ask, reply) => {
      const number = ask.u32();
      this.fids.expect(number);
      const path = this.folder.find([]);
      this.fids.add(number, path, []);
      this.qid(reply, path);
    },
    [T.FLUSH]: () => {},
    [T.WALK]: (ask, reply) => this.walk(ask, reply),
    [T.CLUNK]: (ask) => this.fids.drop(ask.u32()),
    [T.LOPEN]: (ask, reply) => {
      const fid = this.fids.get(ask.u32());
      if (fid.io >= 0) throw new Refused(EBADF);
      fid.io = this.folder.reopen(fid.path, ask.u32());
      this.qid(reply, fid.path).u32(0);
    },
    [T.LCREATE]: (ask, reply) => {
      const number = ask.u32();
      const fid = this.fids.get(number);
      const [name, flags, mode] = [ask.text(), ask.u32(), ask.u32()];
      if (fid.io >= 0) throw new Refused(EBADF);
      const io = this.folder.create(fid.path, name, flags, mode);
      this.fids.move(number, this.folder.again(io), [...fid.names, name]);
      fid.io = io;
      this.qid(reply, fid.path).u32(0);
    },
    [T.READ]: (ask, reply) => {
      const { io, path } = this.fids.get(ask.u32());
      const [offset, count] = [ask.u64(), ask.u32()];
      if (io < 0) throw new Refused(EBADF);
      if (this.folder.stat(path).isDirectory()) throw new Refused(EISDIR);
      const at = reply.at;
      reply.u32(0);
      const data = reply.gap(Math.min(count, reply.room));
      const got = readSync(io, data, 0, data.length, position(offset));
      reply.cutTo(at);
      reply.u32(got);
      reply.gap(got);
    },
    [T.WRITE]: (ask, reply) => {
      const { io } = this.fids.get(ask.u32());
      const offset = ask.u64();
      const data = ask.rest(ask.u32());
      if (io < 0) throw new Refused(EBADF);
      reply.u32(writeSync(io, data, 0, data.length, position(offset)));
    },
    [T.READDIR]: (ask, reply) => this.readDirectory(ask, reply),
    [T.GETATTR]: (ask, reply) => this.attributes(ask, reply),
    [T.SETATTR]: (ask) => this.change(ask),
    [T.READLINK]: (ask, reply) => void reply.text(this.folder.readLink(this.fids.get(ask.u32()).path)),
    [T.STATFS]: (ask, reply) => {
      const space = this.folder.space(this.fids.get(ask.u32()).path);
      reply.u32(V9FS_MAGIC).u32(Number(space.bsize)).u64(space.blocks).u64(space.bfree).u64(space.bavail);
      reply.u64(space.files).u64(space.ffree).u64(0n).u32(NAME_MAX);
    },
    [T.FSYNC]: (ask) => {
      const { io } = this.fids.get(ask.u32());
      if (io < 0) throw new Refused(EBADF);
      if (ask.u32() === 0) fsyncSync(io);
      else fdatasyncSync(io);
    },
    [T.LOCK]: (ask, reply) => {
      this.fids.get(ask.u32());
      reply.u8(LOCK_SUCCESS);
    },
    [T.GETLOCK]: (ask, reply) => {
      this.fids.get(ask.u32());
      ask.u8();
      const [start, length, process, client] = [ask.u64(), ask.u64(), ask.u32(), ask.text()];
      reply.u8(LOCK_UNLOCKED).u64(start).u64(length).u32(process).text(client);
    },
    [T.MKDIR]: (ask, reply) => {
      const { path } = this.fids.get(ask.u32());
      const name = ask.text();
      this.folder.makeFolder(path, name, ask.u32());
      this.qidIn(reply, path, name);
    },
    [T.SYMLINK]: (ask, reply) => {
      const { path } = this.fids.get(ask.u32());
      const [name, target] = [ask.text(), ask.text()];
      this.folder.makeLink(path, name, target);
      this.qidIn(reply, path, name);
    },
    [T.MKNOD]: (ask, reply) => {
      const { path } = this.fids.get(ask.u32());
      const name = ask.text();
      this.folder.makeNode(path, name, ask.u32());
      this.qidIn(reply, path, name);
    },
    [T.LINK]: (ask) => {
      const [folder, file] = [this.fids.get(ask.u32()), this.fids.get(ask.u32())];
      this.folder.link(file.path, folder.path, ask.text());
    },
    [T.RENAME]: (ask) => {
      const file = this.fids.get(ask.u32());
      const to = this.fids.get(ask.u32());
      const name = ask.text();
      this.inParent(file.names, (parent, old) => this.folder.rename(parent, old, to.path, name));
      file.names = [...to.names, name];
    },
    [T.RENAMEAT]: (ask) => {
      const from = this.fids.get(ask.u32());
      const name = ask.text();
      const to = this.fids.get(ask.u32());
      this.folder.rename(from.path, name, to.path, ask.text());
    },
    [T.UNLINKAT]: (ask) => {
      const { path } = this.fids.get(ask.u32());
      const name = ask.text();
      this.folder.remove(path, name, ask.u32() & AT_REMOVEDIR);
    },
    [T.REMOVE]: (ask) => {
      const number = ask.u32();
      const { path, names } = this.fids.get(number);
      try {
        const flags = this.folder.stat(path).isDirectory() ? AT_REMOVEDIR : 0;
        this.inParent(names, (parent, name) => this.folder.remove(parent, name, flags));
      } finally {
        this.fids.drop(number);
      }
    },
  };

  /** walk(5): as far as it goes; a new fid only where it went all the way. */
  private walk(ask: MessageReader, reply: MessageWriter): void {
    const [from, to, steps] = [ask.u32(), ask.u32(), ask.u16()];
    const start = this.fids.get(from);
    if (steps > MOST_STEPS || start.io >= 0) throw new Refused(EINVAL);
    if (to !== from) this.fids.expect(to);
    let [path, names] = [this.folder.again(start.path), start.names];
    const at = reply.at;
    reply.u16(0);
    let done = 0;
    try {
      for (; done < steps; done++) {
        const next = this.step(path, names, ask.text());
        closeSync(path);
        [path, names] = [next.path, next.names];
        this.qid(reply, path);
      }
    } catch (error) {
      if (done === 0 || error instanceof ShortMessage) {
        closeSync(path);
        throw error;
      }
    }
    const end = reply.at;
    reply.cutTo(at);
    reply.u16(done);
    reply.cutTo(end);
    if (done < steps) closeSync(path);
    else if (to === from) this.fids.move(to, path, names);
    else this.fids.add(to, path, names);
  }

  private step(path: number, names: readonly ByteString[], name: ByteString) {
    if (!this.folder.stat(path).isDirectory()) throw new Refused(ENOTDIR);
    // The folder's own parent is itself (walk(5)).
    const to = name === '..' ? names.slice(0, -1) : name === '.' ? names : [...names, name];
    return { path: to.length > names.length ? this.folder.step(path, name) : this.folder.find(to), names: to };
  }

  private readDirectory(ask: MessageReader, reply: MessageWriter): void {
    const fid = this.fids.get(ask.u32());
    const [offset, count] = [ask.u64(), ask.u32()];
    if (fid.io < 0) throw new Refused(EBADF);
    if (offset === 0n || fid.entries === undefined) fid.entries = this.folder.list(fid.io);
    const at = reply.at;
    reply.u32(0);
    const most = Math.min(count, reply.room);
    const start = reply.at;
    for (let next = Number(offset); next < fid.entries.length; next++) {
      const entry = fid.entries[next]!;
      if (reply.at - start + direntBytes(entry) > most) break;
      putQid(reply, entry.stat).u64(BigInt(next + 1));
      reply.u8(direntType(entry)).text(entry.name);
    }
    const end = reply.at;
    reply.cutTo(at);
    reply.u32(end - start);
    reply.cutTo(end);
  }

  private attributes(ask: MessageReader, reply: MessageWriter): void {
    const { path } = this.fids.get(ask.u32());
    const stat = this.folder.stat(path);
    reply.u64(GETATTR_BASIC);
    putQid(reply, stat).u32(Number(stat.mode)).u32(Number(stat.uid)).u32(Number(stat.gid));
    reply.u64(stat.nlink).u64(stat.rdev).u64(stat.size).u64(stat.blksize).u64(stat.blocks);
    for (const ns of [stat.atimeNs, stat.mtimeNs, stat.ctimeNs, stat.birthtimeNs]) {
      reply.u64(ns / BILLION).u64(ns % BILLION);
    }
    reply.u64(0n).u64(0n);
  }

  private change(ask: MessageReader): void {
    const { path } = this.fids.get(ask.u32());
    const [valid, mode, uid, gid, size] = [ask.u32(), ask.u32(), ask.u32(), ask.u32(), ask.u64()];
    const [atime, mtime] = [seconds(ask), seconds(ask)];
    if (valid & SET.mode) this.folder.chmod(path, mode);
    if (valid & (SET.uid | SET.gid))
      this.folder.chown(path, valid & SET.uid ? uid : SAME, valid & SET.gid ? gid : SAME);
    if (valid & SET.size) this.folder.truncate(path, size);
    if ((valid & (SET.atime | SET.mtime)) === 0) return;
    const stat = this.folder.stat(path);
    const time = (bit: number, set: number, given: number, is: bigint): number => {
      if ((valid & bit) === 0) return Number(is) / 1e9;
      return (valid & set) === 0 ? Date.now() / 1000 : given;
    };
    this.folder.setTimes(
      path,
      time(SET.atime, SET.atimeSet, atime, stat.atimeNs),
      time(SET.mtime, SET.mtimeSet, mtime, stat.mtimeNs),
    );
  }

  /** Does something to a name in the directory it is in. */
  private inParent(names: readonly ByteString[], body: (parent: number, name: ByteString) => void): void {
    const name = names.at(-1);
    if (name === undefined) throw new Refused(EINVAL);
    const parent = this.folder.find(names.slice(0, -1));
    try {
      body(parent, name);
    } finally {
      closeSync(parent);
    }
  }

  private qid(reply: MessageWriter, fd: number): MessageWriter {
    return putQid(reply, this.folder.stat(fd));
  }

  private qidIn(reply: MessageWriter, folder: number, name: ByteString): void {
    const fd = this.folder.step(folder, name);
    try {
      this.qid(reply, fd);
    } finally {
      closeSync(fd);
    }
  }
}

const BILLION = 1_000_000_000n;
const noQid = { type: 0, version: 0, path: 0n };

/** qid[13]; of nothing where there is nothing any more. */
function putQid(reply: MessageWriter, stat: BigIntStats | undefined): MessageWriter {
  const { type, version, path } = stat === undefined ? noQid : qidOf(stat);
  return reply.u8(type).u32(version).u64(path);
}

function seconds(ask: MessageReader): number {
  const whole = ask.u64();
  return Number(BigInt.asIntN(64, whole)) + Number(ask.u64()) / 1e9;
}

/** A place in a file; what is beyond 2^53 no file has. */
function position(offset: bigint): number {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refused(EINVAL);
  return Number(offset);
}

/** qid[13] offset[8] type[1] name[s]. */
function direntBytes({ name }: Entry): number {
  return 13 + 8 + 1 + 2 + name.length;
}

/** readdir(3): DT_…, the file type of st_mode. */
function direntType({ stat }: Entry): number {
  return stat === undefined ? 0 : Number((stat.mode >> 12n) & 15n);
}
