import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { log } from '../../base/log.ts';
import { sweepLeftovers, writeFileAtomically } from '../../inventory/atomic-file.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';

/**
 * What a network driver must know again after a restart of the engine: a file per container, lost with the computer's
 * uptime as running containers are.
 */
export class SandboxFiles<F extends { readonly id: string }> {
  constructor(
    private readonly folder: string,
    private readonly lineage: Lineage<F>,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** All that can be read; a file that cannot is said in the log, and goes. */
  load(): F[] {
    sweepLeftovers(this.folder);
    const files = readdirSync(this.folder).filter((file) => file.endsWith('.json'));
    return files.flatMap((file): F[] => {
      const path = join(this.folder, file);
      const read = readVersioned(readFileSync(path, 'utf8'), this.lineage);
      if ('value' in read) return [read.value];
      log('error', 'sandbox-unreadable', { file, why: read.broken });
      rmSync(path, { force: true });
      return [];
    });
  }

  save(sandbox: F): void {
    writeFileAtomically(this.path(sandbox.id), `${JSON.stringify(sandbox)}\n`);
  }

  remove(id: string): void {
    rmSync(this.path(id), { force: true });
  }

  private path(id: string): string {
    return join(this.folder, `${id}.json`);
  }
}
