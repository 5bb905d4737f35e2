import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../../base/disposable.ts';
import { type FileLock, tryLockFile } from '../../linux/file-lock.ts';
import type { Digest } from './digest.ts';

/** Keeps blobs and layers that nothing refers to yet from being collected, while its process lives. */
export class Lease implements Disposable {
  private constructor(
    private readonly path: string,
    private readonly lock: FileLock,
  ) {}

  /** With the store's lock held. */
  static open(folder: string): Lease {
    const path = join(folder, randomBytes(8).toString('hex'));
    return new Lease(path, tryLockFile(path)!);
  }

  /** With the store's lock held: what is there afterwards stays. */
  add(digests: readonly Digest[]): void {
    writeSync(this.lock.fd, digests.map((digest) => `${digest}\n`).join(''));
  }

  dispose(): void {
    rmSync(this.path, { force: true });
    this.lock.dispose();
  }
}

/** What all leases hold; those of dead processes are cleared away. With the store's lock held. */
export function leasedDigests(folder: string): Set<Digest> {
  const held = new Set<Digest>();
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const lock = tryLockFile(path);
    if (lock) {
      rmSync(path, { force: true });
      lock.dispose();
    } else {
      for (const digest of readFileSync(path, 'utf8').split('\n')) if (digest !== '') held.add(digest);
    }
  }
  return held;
}
