/** A vCPU thread of the translating accelerator over the test board. Reports each stop, and then waits for the next order. */
import { parentPort, workerData } from 'node:worker_threads';
import { Arena } from '../../src-main/base/shared-struct.ts';
import type { TranslatedVcpuSeed } from '../../src-main/hypervisor/hypervisor.ts';
import { translatedIrqDriver } from '../../src-main/hypervisor/translated/irq-driver.ts';
import { runTranslatedVcpu } from '../../src-main/hypervisor/translated/vcpu.ts';
import { REQUEST, SIGNAL } from '../../src-main/vmm/vcpu/vcpu-control.ts';
import { buildTestBoard } from './translated-board.ts';

const seed = workerData as TranslatedVcpuSeed;
const arena = Arena.attach(seed.arena);
const { control, ports, mmio } = buildTestBoard(arena, translatedIrqDriver(arena));
for (;;) {
  const stop = await runTranslatedVcpu({ seed, arena, control, ports, mmio });
  if (stop.kind !== 'stopped') Atomics.store(control.signals, SIGNAL.request, REQUEST.pause);
  parentPort?.postMessage(stop);
  if (stop.kind === 'stopped') break;
}
