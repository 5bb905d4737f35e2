import type { Duplex } from 'node:stream';
import type { Disposable } from '../base/disposable.ts';
import type { Cdrom, Forward, LiveNetwork } from '../contract/hardware.ts';
import type { MachineSummary } from '../contract/machine.ts';

export type MachineDelta = { kind: 'added' | 'changed'; machine: MachineSummary } | { kind: 'removed'; id: string };

/** What the window needs of the machines; vmm/client's `Fleet` is one. */
export interface MachineFleet {
  list(): Promise<MachineSummary[]>;
  watch(listener: (delta: MachineDelta) => void): Disposable;
  start(id: string): Promise<{ pid: number; accelerator: string }>;
  stop(id: string): Promise<void>;
  kill(id: string): Promise<void>;
  reset(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Asks the guest to get along with so much memory. */
  balloon(id: string, memoryMiB: number): Promise<void>;
  delete(id: string): Promise<void>;
  /** The raw byte stream of the serial console; the kept scrollback comes first. */
  console(id: string): Promise<Duplex>;
  /** How a running machine describes itself; undefined when it does not run. */
  report(id: string): Promise<{ serial: { bytes: number }; networks?: LiveNetwork[] | undefined } | undefined>;
  /** Changes what is in the machine's CD drive, running or not. */
  changeMedium(id: string, medium: Cdrom): Promise<void>;
  /** Changes what the machine's user-mode network forwards, running or not. */
  setForwards(id: string, forwards: readonly Forward[]): Promise<void>;
}
