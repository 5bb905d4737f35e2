/** Blobs by digest: the `blobs` folder of an OCI layout, OCI image 1.1 image-layout.md. */
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Failure } from '../../base/failure.ts';
import { type FileLock, tryLockFile } from '../../linux/file-lock.ts';
import { BlobIntake, tooLong } from './blob-intake.ts';
import { type Digest, digestMismatch, digestOf, hexOf } from './digest.ts';
import type { StorePaths } from './store-paths.ts';

/** Manifests and configs are read whole: OCI distribution 1.1 §Pushing Manifests has registries limit them to 4 MiB. */
const DOCUMENT_MAX = 8 << 20;

export interface ContentDescriptor {
  readonly digest: Digest;
  readonly size: number;
}

export class ContentStore {
  constructor(private readonly paths: StorePaths) {}

  path(digest: Digest): string {
    return join(this.paths.blobs, hexOf(digest));
  }

  has(digest: Digest): boolean {
    return existsSync(this.path(digest));
  }

  size(digest: Digest): number {
    return this.has(digest) ? statSync(this.path(digest)).size : 0;
  }

  open(digest: Digest): Readable {
    return createReadStream(this.path(digest), { highWaterMark: 1 << 18 });
  }

  /** A manifest, index or config; what it says is what its digest says. */
  document(digest: Digest): Buffer {
    const path = this.path(digest);
    if (!existsSync(path)) throw new Failure('failed', 'blob-missing', `${digest}: is not in the image store`);
    if (statSync(path).size > DOCUMENT_MAX)
      throw new Failure('failed', 'bad-image', `${digest}: is too large a document`);
    const bytes = readFileSync(path);
    const found = digestOf(bytes);
    if (found !== digest) throw digestMismatch(digest, found);
    return bytes;
  }

  /** Stores a document; returns how to refer to it. */
  put(document: string | Uint8Array): ContentDescriptor {
    const bytes = Buffer.from(document);
    const digest = digestOf(bytes);
    if (!this.has(digest)) {
      const intake = this.intake();
      try {
        intake.write(bytes);
        intake.commit();
      } finally {
        intake.dispose();
      }
    }
    return { digest, size: bytes.length };
  }

  /**
   * Takes in a blob that is announced. `fetch` yields its bytes from the given offset on; should it be interrupted,
   * what came is kept, and the next attempt, in this process or another, asks for the rest.
   */
  async take(
    { digest, size }: ContentDescriptor,
    fetch: (offset: number) => AsyncIterable<Uint8Array>,
    seen: (bytes: number) => void = () => undefined,
  ): Promise<void> {
    if (this.has(digest)) return;
    const intake = this.resumable(digest);
    try {
      await intake.resume();
      if (intake.size > size) intake.restart();
      seen(intake.size);
      if (intake.size < size) {
        for await (const chunk of fetch(intake.size)) {
          intake.write(chunk);
          if (intake.size > size) throw tooLong(digest, size);
          seen(intake.size);
        }
      }
      if (intake.size < size) throw new Failure('failed', 'transfer-cut', `${digest}: the transfer ended too early`);
      await intake.sync();
      intake.commit({ digest, size });
    } catch (error) {
      if (error instanceof Failure && error.code === 'digest-mismatch') intake.dispose();
      throw error;
    } finally {
      intake.keep();
    }
  }

  /** Takes in a blob of which nothing is known beforehand. */
  async takeAny(source: AsyncIterable<Uint8Array>): Promise<ContentDescriptor> {
    const intake = this.intake();
    try {
      for await (const chunk of source) intake.write(chunk);
      const { size } = intake;
      await intake.sync();
      return { digest: intake.commit(), size };
    } finally {
      intake.dispose();
    }
  }

  all(): Digest[] {
    return readdirSync(this.paths.blobs)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => `sha256:${name}`);
  }

  remove(digest: Digest): void {
    rmSync(this.path(digest), { force: true });
  }

  intake(): BlobIntake {
    const path = join(this.paths.intake, `new-${randomBytes(8).toString('hex')}`);
    return this.intakeAt(path, tryLockFile(path)!);
  }

  /** Of two that fetch the same blob at once, the second does so on its own. */
  private resumable(digest: Digest): BlobIntake {
    const path = join(this.paths.intake, hexOf(digest));
    const lock = tryLockFile(path);
    if (!lock) return this.intake();
    // Whoever had it may have finished and renamed it: then this is a file without a name.
    if (existsSync(path) && statSync(path).ino === lockInode(lock)) return this.intakeAt(path, lock);
    lock.dispose();
    return this.intake();
  }

  private intakeAt(path: string, lock: FileLock): BlobIntake {
    return new BlobIntake(lock, path, this.paths.blobs, (digest) => this.path(digest));
  }
}

function lockInode({ fd }: FileLock): number {
  return statSync(`/proc/self/fd/${fd}`).ino;
}
