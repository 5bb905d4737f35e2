import { useSyncExternalStore } from 'react';
import type { PullStep } from '../../../src-main/contract/container.ts';
import type { StreamInput } from '../../../src-main/contract/contract.ts';
import type { FailureRecord } from '../../../src-main/contract/failure.ts';
import { stream } from '../../api/bridge.ts';
import { Snapshot } from '../../api/snapshot.ts';
import { withStep } from './transfer-model.ts';

/** What moves images: from and to registries and archives. */
export type TransferName = 'image.pull' | 'image.push' | 'image.load' | 'image.save';

export interface TransferState {
  /** undefined while none is under way. */
  readonly steps: readonly PullStep[] | undefined;
  readonly failed: { readonly name: TransferName; readonly failure: FailureRecord } | undefined;
}

const IDLE: TransferState = { steps: undefined, failed: undefined };

/** One transfer at a time, with how far each part of it is. It goes on while its page is not shown. */
class Transfer {
  readonly state = new Snapshot<TransferState>(IDLE);
  private running: { close(): void } | undefined;

  start<N extends TransferName>(name: N, input: StreamInput<N>, done?: () => void): void {
    this.state.set({ steps: [], failed: undefined });
    const opened = stream(name, input, {
      onItem: (step) => {
        if (this.running === opened) this.state.set({ ...IDLE, steps: withStep(this.state.get().steps ?? [], step) });
      },
      onEnd: (failure) => {
        if (this.running !== opened) return;
        this.running = undefined;
        this.state.set({ ...IDLE, failed: failure && { name, failure } });
        if (failure === undefined) done?.();
      },
    });
    this.running = opened;
  }

  readonly cancel = (): void => {
    this.running?.close();
    this.running = undefined;
    this.state.set(IDLE);
  };
}

const transfers = new Map<string, Transfer>();

/** The transfer that goes by `key`: an image's, or one of the page. */
export function useTransfer(key: string): { transfer: Transfer; state: TransferState } {
  const transfer = transfers.get(key) ?? new Transfer();
  transfers.set(key, transfer);
  return { transfer, state: useSyncExternalStore(transfer.state.subscribe, transfer.state.get) };
}
