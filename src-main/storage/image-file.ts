import type { Disposable } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';
import { MemoryPieces } from '../base/memory-pieces.ts';
import { Fd, O } from '../linux/fd.ts';
import { allocateFile, FALLOC, readPieces, resizeFile, sizeOfFile, syncFile, writePieces } from '../linux/file-io.ts';
import { SystemCallFailure } from '../linux/libc.ts';
import { lockImage } from './image-locks.ts';

/**
 * The file under an image: all that the formats ask of the host. Everything happens within the call and in full, or
 * throws `SystemCallFailure`.
 */
export interface ImageFile extends Disposable {
  /** For messages: the path. */
  readonly object: string;
  /** For transfers that go around this interface; -1 where there is no such thing. */
  readonly fd: number;
  readonly readOnly: boolean;
  size(): number;
  /** Reads into `length` bytes of `pieces` after the first `skip`; zeros beyond the end of the file. */
  readInto(pieces: MemoryPieces, skip: number, length: number, offset: number): void;
  writeFrom(pieces: MemoryPieces, skip: number, length: number, offset: number): void;
  /** Makes a range read as zeros, keeping its blocks where the file system can. */
  zero(offset: number, length: number): void;
  /** Makes a range read as zeros, giving its blocks back where the file system can. */
  punch(offset: number, length: number): void;
  resize(size: number): void;
  /** What was written before survives a power cut after. A sync that failed once fails for good. */
  sync(): void;
  /** A sync made around this interface failed. */
  noteSyncFailure(errnoCode: number): void;
}

export function readBytes(file: ImageFile, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  file.readInto(MemoryPieces.of(bytes), 0, length, offset);
  return bytes;
}

export function writeBytes(file: ImageFile, offset: number, bytes: Uint8Array): void {
  file.writeFrom(MemoryPieces.of(bytes), 0, bytes.length, offset);
}

const ZEROS = MemoryPieces.of(new Uint8Array(64 * 1024));

/** A file of the host, locked the way QEMU locks images. */
export class HostImageFile implements ImageFile {
  /** A failed fdatasync(2) may have dropped written pages, and a second one would report success. */
  private syncFailure: SystemCallFailure | undefined;

  private constructor(
    private readonly handle: Fd,
    readonly readOnly: boolean,
  ) {}

  static open(path: string, options: { readOnly: boolean; locked?: boolean }): HostImageFile {
    const handle = openHandle(path, options.readOnly ? O.RDONLY : O.RDWR);
    try {
      if (options.locked !== false) lockImage(handle, options.readOnly ? 'reader' : 'writer');
      return new HostImageFile(handle, options.readOnly);
    } catch (error) {
      handle.dispose();
      throw error;
    }
  }

  /** A file that was opened, and locked, elsewhere in this process; its descriptor is this object's from here on. */
  static adopt(handle: Fd, readOnly: boolean): HostImageFile {
    return new HostImageFile(handle, readOnly);
  }

  /** A new, empty file; one that exists already is not touched. */
  static create(path: string): HostImageFile {
    try {
      return new HostImageFile(Fd.open(path, O.RDWR | O.CREAT | O.EXCL, 0o644), false);
    } catch (error) {
      throw openFailure(path, error);
    }
  }

  get object(): string {
    return this.handle.object;
  }

  get fd(): number {
    return this.handle.number;
  }

  size(): number {
    return sizeOfFile(this.fd, this.object);
  }

  readInto(pieces: MemoryPieces, skip: number, length: number, offset: number): void {
    const got = readPieces(this.fd, this.object, pieces, skip, length, offset);
    if (got < length) pieces.zero(skip + got, length - got);
  }

  writeFrom(pieces: MemoryPieces, skip: number, length: number, offset: number): void {
    writePieces(this.fd, this.object, pieces, skip, length, offset);
  }

  zero(offset: number, length: number): void {
    if (length === 0 || allocateFile(this.fd, this.object, FALLOC.ZERO_RANGE, offset, length)) return;
    for (let done = 0; done < length; done += ZEROS.bytes)
      this.writeFrom(ZEROS, 0, Math.min(ZEROS.bytes, length - done), offset + done);
  }

  punch(offset: number, length: number): void {
    if (length === 0) return;
    if (!allocateFile(this.fd, this.object, FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE, offset, length))
      this.zero(offset, length);
  }

  resize(size: number): void {
    resizeFile(this.fd, this.object, size);
  }

  sync(): void {
    if (this.syncFailure !== undefined) throw this.syncFailure;
    const code = syncFile(this.fd);
    if (code === 0) return;
    this.noteSyncFailure(code);
    throw this.syncFailure;
  }

  noteSyncFailure(errnoCode: number): void {
    this.syncFailure ??= new SystemCallFailure('fdatasync', errnoCode, this.object);
  }

  dispose(): void {
    this.handle.dispose();
  }
}

function openHandle(path: string, flags: number): Fd {
  try {
    return Fd.open(path, flags);
  } catch (error) {
    throw openFailure(path, error);
  }
}

function openFailure(path: string, error: unknown): unknown {
  if (!(error instanceof SystemCallFailure)) return error;
  switch (error.errnoName) {
    case 'ENOENT':
      return new Failure('not-found', 'disk-missing', `${path}: no such file`, { cause: error });
    case 'EEXIST':
      return new Failure('state', 'disk-exists', `${path}: exists already`, {
        hint: 'choose another name, or remove the file first',
        cause: error,
      });
    case 'EISDIR':
      return new Failure('failed', 'disk-is-folder', `${path}: is a folder, not a disk image`, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Failure('host', 'permission-denied', `${path}: cannot be opened: permission denied`, {
        hint: 'check the owner and mode of the file and its folder; a read-only disk needs no write permission',
        cause: error,
      });
    default:
      return error;
  }
}
