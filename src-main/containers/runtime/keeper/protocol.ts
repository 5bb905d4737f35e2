import type { FailureRecord } from '../../../base/failure.ts';
import type { Exit, IoRequest, TerminalSize } from '../runtime.ts';
import type { ProcessSpec, Spec } from '../spec/config.ts';

/** The keeper's socket speaks lines of JSON: a request with a number, its answer with the same. */
export type KeeperCall =
  | {
      readonly call: 'create';
      readonly id: string;
      readonly bundle: string;
      readonly spec: Spec;
      readonly io: IoRequest;
    }
  | { readonly call: 'exec'; readonly id: string; readonly process: ProcessSpec; readonly io: IoRequest }
  /** Settles with the process's exit. */
  | { readonly call: 'wait'; readonly key: string }
  | { readonly call: 'descriptors'; readonly key: string }
  | { readonly call: 'close-stdin'; readonly key: string }
  | { readonly call: 'resize'; readonly key: string; readonly size: TerminalSize }
  /** This process ends with the container. */
  | { readonly call: 'accompany'; readonly key: string; readonly pid: number }
  /** The container is deleted: its streams are of no more use. */
  | { readonly call: 'forget'; readonly key: string };

export type KeeperRequest = KeeperCall & { readonly number: number };

export interface KeeperAnswer {
  readonly number: number;
  readonly result?: unknown;
  readonly failure?: FailureRecord;
}

/** Where the keeper's ends of a process's streams are, in its table of descriptors: pidfd_getfd(2) brings them over. */
export interface KeptDescriptors {
  readonly keeper: number;
  readonly pid: number;
  /** Names the process to the keeper. */
  readonly key: string;
  readonly stdin: number | null;
  readonly stdout: number | null;
  readonly stderr: number | null;
  readonly master: number | null;
}

export type KeptExit = Exit;

export const KEEPER_SOCKET = '.keeper.sock';
export const KEEPER_LOCK = '.keeper.lock';
