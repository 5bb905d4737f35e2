import type { FailureRecord } from '../../../base/failure.ts';
import type { CgroupHierarchy } from '../../cgroups/hierarchy.ts';
import type { TerminalSize } from '../runtime.ts';
import type { ProcessSpec, Spec } from '../spec/config.ts';

/** Descriptors a container's init has besides its standard streams: where orders come from, where reports go. */
export const ORDERS_FD = 3;
export const REPORTS_FD = 4;
/** Where descriptors that are handed on to the container are until it is executed. */
export const EXTRA_FD = 5;

/** What a container's init is told, in one line of JSON. */
export type InitOrder = CreateOrder | ExecOrder;

interface CommonOrder {
  readonly process: ProcessSpec;
  readonly size: TerminalSize | null;
  /** Nothing to read, and what is written is dropped. */
  readonly nullIo: boolean;
  /** How many descriptors from EXTRA_FD on the process gets, as 3, 4, ….  */
  readonly extraFds: number;
  /** The soft limit of open files where the configuration sets none: Node has raised its own. */
  readonly openFiles: number;
}

/** What an init that was started ahead could not be born with. */
export interface Belated {
  /** Where its standard streams are to be opened. */
  readonly streams: readonly string[];
  /** The mount namespace it is to have a copy of: its own is from before the container's root file system was mounted. */
  readonly mounts: string;
}

/** Makes the container, and waits for its start. */
export interface CreateOrder extends CommonOrder {
  readonly kind: 'create';
  readonly belated: Belated | null;
  readonly spec: Spec;
  readonly bundle: string;
  readonly rootfs: string;
  readonly cgroups: readonly CgroupHierarchy[];
  /** fifo(7)s: a byte in the first starts the program; the second ends, empty, once it runs. */
  readonly startFifo: string;
  readonly startedFifo: string;
  /** The container's state, for its hooks. */
  readonly state: string;
  /** Whether hooks are to run outside while this one waits. */
  readonly outsideHooks: boolean;
}

/** Runs one more process in a container. */
export interface ExecOrder extends CommonOrder {
  readonly kind: 'exec';
  readonly spec: Spec;
  /** The container's first process, whose namespaces and root are entered. */
  readonly target: number;
  /** CLONE bits of the namespaces to enter besides those this process was born in. */
  readonly namespaces: number;
}

/** What an init reports, one line of JSON each. */
export type InitReport =
  /** Loaded, and waiting for its order. `pid`: as whoever started it sees it. */
  | { readonly at: 'awake'; readonly pid: number }
  /** The namespaces are made: hooks may run outside. It waits for an empty line. */
  | { readonly at: 'namespaces' }
  /** The terminal's master, a descriptor of the init's. It waits for an empty line. */
  | { readonly at: 'terminal'; readonly master: number }
  /** Ready to be started; of an exec: about to be executed. */
  | { readonly at: 'ready' }
  | { readonly failure: FailureRecord };
