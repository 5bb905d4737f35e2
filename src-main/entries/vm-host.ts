/** The process of one running machine: started detached with the machine's id, ends when the machine is off. */
import { pathToFileURL } from 'node:url';
import { asFailure } from '../base/failure.ts';
import { STARTED_AHEAD, starterOrder, starterReport } from '../base/starter.ts';
import { getReady, type HostReport, runVmHost } from '../vmm/host/vm-host.ts';
import { VcpuWorkerPool } from '../vmm/vcpu/vcpu-worker-pool.ts';

const report = starterReport<HostReport>();

const beside = (name: string): URL => new URL(name, pathToFileURL(process.argv[1] ?? ''));
const workers = { vcpus: new VcpuWorkerPool(beside('./vcpu-worker.js')), io: beside('./io-worker.js') };

const [id = '', ...flags] = process.argv.slice(2);
let orderedAt: number | undefined = performance.timeOrigin;
if (flags.includes(STARTED_AHEAD)) {
  await getReady(id);
  orderedAt = await starterOrder();
}
if (orderedAt === undefined) process.exit(0);

runVmHost(id, workers, report, orderedAt).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    report({ failure: asFailure(error).toJSON() });
    process.exit(1);
  },
);
