import { readdirSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { MachineStore } from '../../../src-main/inventory/machine-store.ts';
import { bulkheadPaths } from '../../../src-main/inventory/paths.ts';
import { bundleWriter, killedWriter } from '../../support/killed-writer.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

/** Inventories of their own, side by side: it is the start of a writer that takes the time. */
const LANES = 2;
/** In all of them together: a thousand in CI; BULKHEAD_KILLS says otherwise. */
const KILLS = Number(process.env.BULKHEAD_KILLS ?? (process.env.CI === 'true' ? 1000 : 100));

const inventories = Array.from({ length: LANES }, (_, lane) => ({ lane, env: temporaryHome().env }));

let writer: string;
beforeAll(async () => {
  writer = await bundleWriter('inventory-writer');
});

it.concurrent.for(inventories)(
  'SIGKILL at any moment of a write leaves no machine lost or half-written: $lane',
  {
    timeout: (60_000 + KILLS * 1000) * SLOWNESS,
  },
  async ({ lane, env }) => {
    const store = new MachineStore(bulkheadPaths(env));
    const kept = store.create({ name: 'kept', memoryMiB: 64, boot: { kind: 'kernel', kernel: '/boot/vmlinuz' } });
    for (let round = lane; round < KILLS; round += LANES) {
      await killedWriter(writer, [kept.id, `${round}`], (round * 7) % 23, env);
      const entries = store.list();
      expect(entries.filter(({ kind }) => kind === 'broken')).toEqual([]);
      expect(store.find('kept')).toMatchObject({ kind: 'ok', config: { id: kept.id, version: 2 } });
      // Those it made and did not remove: a thousand rounds of them would make every look at the inventory long.
      for (const { id } of entries.flatMap((entry) => (entry.kind === 'ok' ? [entry.config] : []))) {
        if (id !== kept.id) store.remove(id);
      }
    }
    // The inventory is still usable, and the next writer sweeps what the killed ones left.
    const last = store.create({ name: 'last', memoryMiB: 64, boot: { kind: 'kernel', kernel: '/boot/vmlinuz' } });
    store.update(kept.id, { memoryMiB: 77 });
    expect(store.intact(kept.id).memoryMiB).toBe(77);
    expect(store.intact(last.id).name).toBe('last');
    expect(readdirSync(store.paths.machines).filter((name) => name.startsWith('.'))).toEqual(['.lock']);
    expect(readdirSync(store.paths.machine(kept.id).folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  },
);
