import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Arena } from '../../src-main/base/shared-struct.ts';
import type { BootImage } from '../../src-main/boot/boot-image.ts';
import type { VcpuStop } from '../../src-main/hypervisor/hypervisor.ts';
import { translatedIrqDriver } from '../../src-main/hypervisor/translated/irq-driver.ts';
import { TranslatedVm } from '../../src-main/hypervisor/translated/translated-vm.ts';
import { MiB } from '../../src-main/vmm/layout.ts';
import { REQUEST, SIGNAL } from '../../src-main/vmm/vcpu/vcpu-control.ts';
import { buildTestBoard, type TestBoard } from './translated-board.ts';
import { bundleWorker } from './worker-bundle.ts';

let bundled: Promise<URL> | undefined;

/** Where micro-guests lie and start. */
export const MICRO_GUEST_START = 0x1000;
const GDT_ADDRESS = 0x500;

/** Code at `MICRO_GUEST_START`, entered in 32-bit protected mode with flat segments 0x10 and 0x18. */
export function microGuest(code: readonly number[], more: { gpa: number; bytes: Uint8Array }[] = []): BootImage {
  const gdt = new BigUint64Array([0n, 0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn]);
  return {
    description: 'micro-guest',
    segments: [
      { gpa: MICRO_GUEST_START, bytes: Uint8Array.from(code) },
      { gpa: GDT_ADDRESS, bytes: new Uint8Array(gdt.buffer) },
      ...more,
    ],
    entry: {
      mode: 'protected32',
      eip: MICRO_GUEST_START,
      esi: 0x1111_1111,
      ebx: 0x2222_2222,
      esp: 0x8000,
      gdt: { base: GDT_ADDRESS, limit: 31 },
    },
    dispose: () => {},
  };
}

/** A machine with one vCPU thread over the test board, driven as the VM host drives it. */
export class TranslatedGuest {
  readonly stops: VcpuStop[] = [];
  console = '';
  private readTo = 0;

  private constructor(
    readonly vm: TranslatedVm,
    readonly board: TestBoard,
    readonly worker: Worker,
  ) {
    worker.on('message', (stop: VcpuStop) => this.stops.push(stop));
  }

  static async create(memoryMiB = 16): Promise<TranslatedGuest> {
    bundled ??= bundleWorker(new URL('./translated-vcpu-worker.ts', import.meta.url), 'translated-vcpu');
    const file = await bundled;
    const arena = Arena.build();
    const board = buildTestBoard(arena, translatedIrqDriver(arena));
    const vm = new TranslatedVm({ name: 'test', memoryBytes: memoryMiB * MiB, cpus: 1, arena });
    const seed = vm.vcpuSeed(0);
    Atomics.store(board.control.signals, SIGNAL.request, REQUEST.pause);
    return new TranslatedGuest(vm, board, new Worker(file, { workerData: seed, transferList: [seed.orders] }));
  }

  /** Orders the vCPU thread about, as `VcpuThreads` does. */
  request(request: number): void {
    const { signals } = this.board.control;
    Atomics.store(signals, SIGNAL.request, request);
    Atomics.notify(signals, SIGNAL.request);
    this.vm.kick(0);
  }

  /** Settles when the vCPU thread says it is in `state`; milliseconds that took. */
  async reach(state: number): Promise<number> {
    const { signals } = this.board.control;
    const from = performance.now();
    for (;;) {
      const now = Atomics.load(signals, SIGNAL.state);
      if (now === state) return performance.now() - from;
      if (performance.now() - from > 20_000)
        throw new Error(`state ${now}, not ${state}; stops ${JSON.stringify(this.stops)}`);
      const wait = Atomics.waitAsync(signals as Int32Array<SharedArrayBuffer>, SIGNAL.state, now, 1000);
      if (wait.async) await wait.value;
    }
  }

  async start(image: BootImage): Promise<void> {
    await this.vm.load(image);
    this.request(REQUEST.run);
  }

  /** The accesses the test chips saw, once there are `count`: [kind and size, offset, value]. */
  async accesses(count: number): Promise<number[][]> {
    const { log } = this.board;
    const from = performance.now();
    for (;;) {
      const seen = Atomics.load(log, 0);
      if (seen >= count || performance.now() - from > 10_000) {
        return Array.from({ length: seen }, (_, i) =>
          [...log.subarray(1 + 3 * i, 4 + 3 * i)].map((word) => word >>> 0),
        );
      }
      const wait = Atomics.waitAsync(log as Int32Array<SharedArrayBuffer>, 0, seen, 500);
      if (wait.async) await wait.value;
    }
  }

  async stopped(): Promise<VcpuStop> {
    while (this.stops.length === 0) await once(this.worker, 'message');
    return this.stops.shift()!;
  }

  /** Reads the console until `text` shows after what was last waited for, answering the UART as the VM host does. */
  async waitFor(text: string, timeoutMs = 60_000): Promise<void> {
    const until = performance.now() + timeoutMs;
    const { output, uart } = this.board;
    const chunk = new Uint8Array(65_536);
    while (!this.console.includes(text, this.readTo)) {
      if (performance.now() > until) throw new Error(`no ${JSON.stringify(text)} in: ${this.console.slice(-2000)}`);
      if (this.stops.length > 0)
        throw new Error(`stopped: ${JSON.stringify(this.stops)}; ${this.console.slice(-2000)}`);
      await Promise.race([output.readable(), new Promise((resolve) => setTimeout(resolve, 1000))]);
      this.console += Buffer.from(chunk.subarray(0, output.shiftInto(chunk))).toString('latin1');
      if (uart.outputBlocked) uart.state.lock.holding(() => uart.outputDrained());
    }
    this.readTo = this.console.indexOf(text, this.readTo) + text.length;
  }

  type(text: string): void {
    const { input, uart } = this.board;
    input.pushBytes(Buffer.from(text));
    uart.state.lock.holding(() => uart.inputAvailable());
  }

  /** The board's chips to power-on, as the machine does after `vm.reset()`. */
  resetBoard(): void {
    const { uart } = this.board;
    uart.state.lock.holding(() => uart.reset());
  }

  async end(): Promise<void> {
    this.request(REQUEST.stop);
    await this.stopped();
    await this.worker.terminate();
    this.vm.dispose();
  }
}
