import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { installKickSignal } from '../../src-main/linux/thread.ts';
import { MiB } from '../../src-main/vmm/layout.ts';
import { VCPU } from '../../src-main/vmm/vcpu/vcpu-control.ts';
import { type VcpuStopped, VcpuThreads } from '../../src-main/vmm/vcpu/vcpu-threads.ts';
import { VcpuWorkerPool } from '../../src-main/vmm/vcpu/vcpu-worker-pool.ts';
import { MicroVm } from '../support/micro-vm.ts';
import { need } from '../support/need.ts';
import { bundleWorker } from '../support/worker-bundle.ts';
import * as guests from './micro/guests.ts';
import * as kernels from './micro/kernels.ts';

const CODE = 0x1000;

describe('a vCPU in its own thread', () => {
  const met = need('kvm');
  let workerFile: URL;
  let vm: MicroVm;
  let threads: VcpuThreads;

  beforeAll(async () => {
    if (!met) return;
    workerFile = await bundleWorker(new URL('../../src-main/entries/vcpu-worker.ts', import.meta.url), 'vcpu-worker');
    installKickSignal();
  });
  afterAll(() => {
    if (met) rmSync(workerFile);
  });

  async function start(load: (vm: MicroVm) => void): Promise<void> {
    vm = MicroVm.create({ memoryBytes: 4 * MiB });
    load(vm);
    threads = new VcpuThreads(vm.vm, new VcpuWorkerPool(workerFile), vm.arena.seed, 1);
    await threads.start(vm.options);
    await threads.resume();
  }

  afterEach(async () => {
    if (!met) return;
    await threads.stop();
    vm[Symbol.dispose]();
  });

  it('is woken by an interrupt from another thread: bytes typed there are answered from its handler', async () => {
    await start((vm) => vm.loadReal(guests.echoByInterrupt, CODE));
    const { output, type } = vm.board.console;
    let printed = '';
    for (const typed of ['h', 'i', '\n']) {
      await output.readable();
      const bytes = new Uint8Array(output.length);
      output.shiftInto(bytes);
      printed += Buffer.from(bytes).toString();
      type(Buffer.from(typed));
    }
    expect(printed).toBe('>hi');
  });

  for (const [name, code] of [
    ['loops for ever', kernels.spin],
    ['sleeps with interrupts off', guests.sleep],
    ['leaves for a port all the time', kernels.everyPortForever],
  ] as const) {
    it(`is paused and resumed within half a second each when its guest ${name}`, async () => {
      await start((vm) => vm.load(code, CODE));
      for (let round = 0; round < 5; round++) {
        const from = performance.now();
        await threads.pause();
        const paused = performance.now();
        expect(threads.state[0]!.signals[1]).toBe(VCPU.paused);
        await threads.resume();
        expect(paused - from).toBeLessThan(500);
        expect(performance.now() - paused).toBeLessThan(500);
      }
    });
  }

  it('that stops at its first instruction has been running, and says what stopped it', async () => {
    const stops: VcpuStopped[] = [];
    vm = MicroVm.create({ memoryBytes: 4 * MiB });
    vm.load(guests.tripleFault, CODE);
    threads = new VcpuThreads(vm.vm, new VcpuWorkerPool(workerFile), vm.arena.seed, 1);
    const told = new Promise<void>((resolve) => {
      threads.stopped.on((stopped) => {
        stops.push(stopped);
        resolve();
      });
    });
    await threads.start(vm.options);
    await threads.resume();
    await told;
    expect(stops).toEqual([{ index: 0, stop: { kind: 'triple-fault' }, generation: 0 }]);
    expect(threads.isCurrent(stops[0]!)).toBe(true);
    await threads.pause();
    threads.startOver();
    expect(threads.isCurrent(stops[0]!)).toBe(false);
  });
});
