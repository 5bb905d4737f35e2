import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineDraft } from '../../src-main/inventory/machine-config.ts';
import { MachineStore } from '../../src-main/inventory/machine-store.ts';
import { bulkheadPaths } from '../../src-main/inventory/paths.ts';
import { Fleet } from '../../src-main/vmm/client/fleet.ts';
import { microKernel } from '../support/micro-kernel.ts';
import { repositoryRoot } from '../support/repository.ts';

/** An inventory of its own for one bench, with the built VM host, gone when disposed. */
export class BenchHome {
  readonly env: NodeJS.ProcessEnv;
  readonly store: MachineStore;
  readonly fleet: Fleet;
  private readonly folder = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));

  constructor() {
    mkdirSync(join(this.folder, 'run'), { mode: 0o700 });
    this.env = { ...process.env, XDG_DATA_HOME: join(this.folder, 'data'), XDG_RUNTIME_DIR: join(this.folder, 'run') };
    this.store = new MachineStore(bulkheadPaths(this.env));
    this.fleet = new Fleet(this.store, { script: join(repositoryRoot, 'out/main/vm-host.js'), env: this.env });
  }

  /** A machine on KVM that boots a few bytes of code; its id. */
  microMachine(name: string, code: Uint8Array): string {
    const kernel = join(this.folder, name);
    writeFileSync(kernel, microKernel(code));
    return this.store.create({ name, accelerator: 'kvm', memoryMiB: 16, boot: { kind: 'kernel', kernel } }).id;
  }

  machine(draft: MachineDraft): string {
    return this.store.create(draft).id;
  }

  async close(): Promise<void> {
    for (const { id, state } of await this.fleet.list())
      if (state !== 'stopped') await this.fleet.kill(id).catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }
}
