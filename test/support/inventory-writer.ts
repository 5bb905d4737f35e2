// Creates, changes and deletes machines as fast as it can until it is killed. Bundled by the test that kills it.
import { MachineStore } from '../../src-main/inventory/machine-store.ts';
import { bulkheadPaths } from '../../src-main/inventory/paths.ts';

const store = new MachineStore(bulkheadPaths(process.env));
const boot = { kind: 'kernel', kernel: '/boot/vmlinuz' } as const;
const [keptId, round] = [process.argv[2]!, process.argv[3]!];
process.stdout.write('writing\n');
for (let i = 0; ; i++) {
  store.update(keptId, { memoryMiB: 16 + (i % 1000), description: `${i} `.repeat(1 + (i % 300)) });
  const { id } = store.create({ name: `passing ${round} ${i}`, memoryMiB: 64, boot });
  if (i % 3 !== 0) store.remove(id);
}
