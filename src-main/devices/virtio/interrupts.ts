import type { IrqLine } from '../../vmm/interrupts/irq-line.ts';
import { COMMAND_INTX_DISABLE, type PciFunction } from '../pci/function.ts';
import type { Msix } from '../pci/msix.ts';
import { ISR, NO_VECTOR } from './spec.ts';
import { QUEUE, QUEUE_WORDS, type VirtioIsr, type VirtioState } from './state.ts';

/** How a device reaches its driver (virtio 1.2 §4.1.5.3, §4.1.5.4): by MSI-X where enabled, else by INTx and ISR. Any thread. */
export class VirtioInterrupts {
  constructor(
    private readonly state: VirtioState,
    private readonly isr: VirtioIsr,
    private readonly target: PciFunction,
    private readonly intx: IrqLine,
    private readonly msix: Msix | undefined,
  ) {}

  /** Used buffers wait in queue `index`. */
  signalQueue(index: number): void {
    this.signal(this.state.queues[index * QUEUE_WORDS + QUEUE.vector]!, ISR.queue);
  }

  /** The device's configuration, or its status, has changed. */
  signalConfig(): void {
    this.signal(this.state.configVector, ISR.config);
  }

  /** §4.1.4.5.1: reading ISR status clears it and lowers the line. */
  takeIsr(): number {
    const { isr } = this;
    isr.lock.acquire();
    const value = isr.status;
    isr.status = 0;
    this.update();
    isr.lock.release();
    return value;
  }

  /** Something the line depends on has changed: MSI-X enable, INTx disable. */
  refresh(): void {
    this.isr.lock.holding(() => this.update());
  }

  reset(): void {
    this.isr.lock.holding(() => {
      this.isr.status = 0;
      this.update();
    });
  }

  private signal(vector: number, cause: number): void {
    const { msix, isr } = this;
    if (msix?.enabled) {
      if (vector !== NO_VECTOR) msix.signal(vector);
      return;
    }
    isr.lock.acquire();
    isr.status |= cause;
    this.update();
    isr.lock.release();
  }

  private update(): void {
    const pending = this.isr.status !== 0;
    const gated = this.msix?.enabled || (this.target.command & COMMAND_INTX_DISABLE) !== 0;
    this.target.showInterrupt(pending);
    this.intx.set(pending && !gated);
  }
}
