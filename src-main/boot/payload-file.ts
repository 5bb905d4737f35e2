import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Disposable } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';

export type PayloadRole = 'kernel' | 'initrd';

/** A kernel or initrd on disk: opened once, measured once, owned until disposed. */
export class PayloadFile implements Disposable {
  private closed = false;

  private constructor(
    readonly role: PayloadRole,
    readonly path: string,
    readonly fd: number,
    /** Bytes, as measured when it was opened. */
    readonly size: number,
  ) {}

  static open(role: PayloadRole, path: string): PayloadFile {
    let fd: number;
    try {
      // Without O_NONBLOCK a FIFO would hold us here until somebody writes to it (open(2)).
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      throw openFailure(role, path, error as NodeJS.ErrnoException);
    }
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      closeSync(fd);
      const kind = stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a pipe' : 'a device';
      throw new Failure('usage', `${role}-not-a-file`, `${role} ${path}: is ${kind}, not a file`);
    }
    return new PayloadFile(role, path, fd, stat.size);
  }

  /** The bytes from `offset`; fewer than `length` only where the file ends. */
  read(offset: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = new Uint8Array(wanted);
    let done = 0;
    while (done < wanted) {
      const count = this.pread(bytes, done, offset + done);
      if (count === 0) return bytes.subarray(0, done);
      done += count;
    }
    return bytes;
  }

  /** A failure about this file: `kernel /boot/x: <why>`. */
  failure(code: string, why: string, options: { hint?: string; facts?: Failure['facts'] } = {}): Failure {
    return new Failure('usage', code, `${this.role} ${this.path}: ${why}`, options);
  }

  truncated(expected: number): Failure {
    return this.failure(
      `${this.role}-truncated`,
      `the file is cut short: it should have at least ${expected} bytes and has ${this.size}`,
      { hint: 'copy or download it again', facts: { expected, actual: this.size } },
    );
  }

  dispose(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.fd);
  }

  private pread(bytes: Uint8Array, at: number, position: number): number {
    try {
      return readSync(this.fd, bytes, at, bytes.length - at, position);
    } catch (error) {
      const { message } = error as Error;
      throw new Failure('host', `${this.role}-unreadable`, `${this.role} ${this.path}: ${message}`, { cause: error });
    }
  }
}

function openFailure(role: PayloadRole, path: string, error: NodeJS.ErrnoException): Failure {
  const what = `${role} ${path}`;
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Failure('usage', `${role}-not-found`, `${what}: no such file`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new Failure('host', `${role}-unreadable`, `${what}: you may not read this file`, {
        hint: `give yourself read permission, or copy it to a place of yours`,
        cause: error,
      });
    case 'EMFILE':
    case 'ENFILE':
    case 'EIO':
      return new Failure('host', `${role}-unreadable`, `${what}: ${error.message}`, { cause: error });
    default:
      return new Failure('usage', `${role}-not-found`, `${what}: ${error.message}`, { cause: error });
  }
}
