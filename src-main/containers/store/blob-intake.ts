import { createHash, type Hash } from 'node:crypto';
import { createReadStream, fstatSync, fsync, fsyncSync, ftruncateSync, renameSync, rmSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Disposable } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import { syncFolder, writeFailure } from '../../inventory/atomic-file.ts';
import type { FileLock } from '../../linux/file-lock.ts';
import { type Digest, digestMismatch } from './digest.ts';

/** A blob being written. It gets its name only when all its bytes are there and hash to it. */
export class BlobIntake implements Disposable {
  private hash: Hash = createHash('sha256');
  private open = true;
  /** Bytes so far, those of an interrupted earlier attempt included. */
  size = 0;

  constructor(
    private readonly lock: FileLock,
    private readonly path: string,
    private readonly folder: string,
    private readonly nameOf: (digest: Digest) => string,
  ) {}

  /** Goes on where an interrupted attempt ended: hashes what is there. */
  async resume(): Promise<void> {
    if (fstatSync(this.lock.fd).size === 0) return;
    for await (const chunk of createReadStream(this.path)) {
      this.hash.update(chunk as Buffer);
      this.size += (chunk as Buffer).length;
    }
  }

  /** Forgets what is there. */
  restart(): void {
    ftruncateSync(this.lock.fd, 0);
    this.hash = createHash('sha256');
    this.size = 0;
  }

  write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.lock.fd, bytes, done);
    } catch (error) {
      throw writeFailure(this.path, error);
    }
    this.hash.update(bytes);
    this.size += bytes.length;
  }

  /** Gets the bytes to the disk without holding anybody up; `commit` then has little left to wait for. */
  sync(): Promise<void> {
    return promisify(fsync)(this.lock.fd);
  }

  /** The blob's digest; throws, and forgets the bytes, when it is not what was expected. */
  commit(
    expected?: { readonly digest: Digest; readonly size?: number },
    naming: (digest: Digest) => void = () => undefined,
  ): Digest {
    const digest = `sha256:${this.hash.copy().digest('hex')}`;
    if (expected && (expected.digest !== digest || (expected.size !== undefined && expected.size !== this.size))) {
      this.restart();
      throw digestMismatch(expected.digest, digest);
    }
    fsyncSync(this.lock.fd);
    naming(digest);
    renameSync(this.path, this.nameOf(digest));
    syncFolder(this.folder);
    this.close();
    return digest;
  }

  /** Leaves the bytes for a later attempt. */
  keep(): void {
    this.close();
  }

  dispose(): void {
    if (!this.open) return;
    rmSync(this.path, { force: true });
    this.close();
  }

  private close(): void {
    if (!this.open) return;
    this.open = false;
    this.lock.dispose();
  }
}

export function tooLong(digest: Digest, size: number): Failure {
  return new Failure('failed', 'digest-mismatch', `${digest}: more bytes come than the ${size} announced`);
}
