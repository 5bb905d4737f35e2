/** The process of one running machine: started detached with the machine's id, ends when the machine is off. */
import { closeSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asFailure } from '../base/failure.ts';
import { type HostReport, runVmHost } from '../vmm/host/vm-host.ts';
import { VcpuWorkerPool } from '../vmm/vcpu/vcpu-worker-pool.ts';

/** The pipe to whoever started us, for one line of JSON. */
const REPORT_FD = 3;

let reported = false;

function report(line: HostReport): void {
  if (reported) return;
  reported = true;
  try {
    writeSync(REPORT_FD, `${JSON.stringify(line)}\n`);
    closeSync(REPORT_FD);
  } catch {
    // The starter has gone: nobody is left to tell.
  }
}

const workers = new VcpuWorkerPool(new URL('./vcpu-worker.js', pathToFileURL(process.argv[1] ?? '')));

runVmHost(process.argv[2] ?? '', workers, report).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    report({ failure: asFailure(error).toJSON() });
    process.exit(1);
  },
);
