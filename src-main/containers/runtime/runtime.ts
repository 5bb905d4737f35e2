import type { Readable, Writable } from 'node:stream';
import type { ContainerStats } from '../cgroups/stats.ts';
import type { ProcessInput, SpecInput } from './spec/config.ts';
import type { ResourcesInput } from './spec/linux.ts';

/** OCI runtime 1.2 runtime §state; `paused` is added by all runtimes. */
export type ContainerStatus = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** How a process's standard streams are made. `terminal` goes with `process.terminal` of the configuration. */
export type IoRequest =
  /** Nothing to read, and what is written is dropped. */
  | { readonly kind: 'null' }
  | { readonly kind: 'pipes'; readonly stdin: boolean }
  | { readonly kind: 'terminal'; readonly size?: TerminalSize };

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Our ends of a process's standard streams. Closing them neither ends nor stalls the process. */
export type ProcessIo =
  | { readonly kind: 'null' }
  | {
      readonly kind: 'pipes';
      /** null where none was asked for, and once `closeStdin` was called. */
      readonly stdin: Writable | null;
      readonly stdout: Readable;
      readonly stderr: Readable;
    }
  | {
      readonly kind: 'terminal';
      /** A pty's master: what is typed, and everything the process writes. */
      readonly input: Writable;
      readonly output: Readable;
    };

export interface CreateRequest {
  /** Letters, digits and `_.+-`, unique under one state folder. */
  readonly id: string;
  /** The bundle's folder: relative paths of the configuration start here. */
  readonly bundle: string;
  /** Checked by `create`; throws `usage` where it is wrong. */
  readonly spec: SpecInput;
  readonly io: IoRequest;
}

export interface CreatedContainer {
  readonly id: string;
  /** Of the container's first process, as the host sees it. */
  readonly pid: number;
  readonly io: ProcessIo;
}

/** How a process ended. */
export interface Exit {
  /** 0–255; 128 + the signal's number where a signal ended it. */
  readonly code: number;
  readonly signal: string | null;
  /** Whether the kernel killed a process of the container for want of memory. */
  readonly oomKilled: boolean;
  /** ISO 8601. */
  readonly at: string;
}

/** An additional process in a running container. */
export interface Exec {
  readonly pid: number;
  readonly io: ProcessIo;
  resize(size: TerminalSize): Promise<void>;
  kill(signal: number): void;
  wait(): Promise<Exit>;
}

export interface ContainerState {
  readonly id: string;
  readonly status: ContainerStatus;
  /** 0 once it is stopped. */
  readonly pid: number;
  readonly bundle: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  /** Only when it is stopped and how is known. */
  readonly exit: Exit | null;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface KillOptions {
  /** Every process of the container, not just its first. */
  readonly all?: boolean;
}

export interface DeleteOptions {
  /** Kills it first; no error where there is none. */
  readonly force?: boolean;
}

/**
 * Containers of one state folder. They belong to no process: another `Runtime` over the same folder, in a later
 * process, finds them with their streams and their exits. Failures: `not-found` for an unknown id, `state` for the
 * wrong moment, `usage` for a bad configuration, `host` for what the kernel refuses.
 */
export interface Runtime {
  create(request: CreateRequest): Promise<CreatedContainer>;
  start(id: string): Promise<void>;
  /** A process that serves this container is ended when the container ends, with or without an engine. */
  accompany(id: string, pid: number): Promise<void>;
  kill(id: string, signal: number, options?: KillOptions): Promise<void>;
  delete(id: string, options?: DeleteOptions): Promise<void>;
  exec(id: string, process: ProcessInput, io: IoRequest): Promise<Exec>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  update(id: string, resources: ResourcesInput): Promise<void>;
  state(id: string): Promise<ContainerState>;
  list(): Promise<ContainerState[]>;
  /** Ends and deletes every container that is not known, and what making or deleting one left when it was cut off. */
  sweep(isKnown: (id: string) => boolean): Promise<void>;
  stats(id: string): Promise<ContainerStats>;
  /** Of all its processes, as the host sees them. */
  processes(id: string): Promise<number[]>;
  /** Settles once the container's first process has ended; at once when it had. */
  wait(id: string): Promise<Exit>;
  /**
   * The streams of a container again, as after a restart of the engine: what was written since and not read is
   * still there. One reader at a time: two share the bytes between them.
   */
  attach(id: string): Promise<ProcessIo>;
  resize(id: string, size: TerminalSize): Promise<void>;
}
