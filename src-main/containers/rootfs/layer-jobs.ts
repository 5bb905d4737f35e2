import type { FailureRecord } from '../../base/failure.ts';
import type { Change } from './snapshots.ts';
import type { TreeLimits } from './tree-limits.ts';

/** Unpacks a layer's blob into an empty folder. */
export interface ApplyJob {
  readonly kind: 'apply';
  readonly blob: string;
  /** Unpacked layers below, top first. */
  readonly parents: readonly string[];
  /** Where its files go. */
  readonly folder: string;
  /** An empty folder beside it, for the overlay's own needs; gone afterwards. */
  readonly scratch: string;
  /** What the uncompressed tar must hash to; whatever it hashes to when not given. */
  readonly diffId?: string;
  readonly whiteouts: boolean;
  readonly limits?: TreeLimits;
}

export interface Applied {
  readonly diffId: string;
  /** Of the files, holes included. */
  readonly bytes: number;
  readonly skippedDevices: number;
}

/** Where a container's own layer is and what it lies on. */
export interface OverlaidTree {
  readonly upperdir: string;
  /** Top first. */
  readonly lowerdirs: readonly string[];
  readonly scratch: string;
}

/** What a container changed. */
export interface ChangesJob extends OverlaidTree {
  readonly kind: 'changes';
}

/** The same as a layer's blob, gzip'ed. */
export interface PackJob extends OverlaidTree {
  readonly kind: 'pack';
  readonly out: string;
}

export interface Packed {
  readonly diffId: string;
  readonly digest: string;
  /** Of the blob. */
  readonly size: number;
  /** Of the files. */
  readonly bytes: number;
}

/** A container's whole root file system as a tar, in chunks. */
export interface ExportJob extends OverlaidTree {
  readonly kind: 'export';
}

/** Deletes folders, whatever is in them. */
export interface RemoveJob {
  readonly kind: 'remove';
  readonly folders: readonly string[];
}

/** Bytes on disk below a folder. */
export interface UsageJob {
  readonly kind: 'usage';
  readonly folder: string;
}

export interface JobResults {
  readonly apply: Applied;
  readonly changes: Change[];
  readonly pack: Packed;
  readonly export: null;
  readonly remove: null;
  readonly usage: number;
}

export type LayerJob = ApplyJob | ChangesJob | PackJob | ExportJob | RemoveJob | UsageJob;

/** From the worker. */
export type LayerReport =
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'done'; readonly result: JobResults[keyof JobResults] }
  | { readonly kind: 'failed'; readonly failure: FailureRecord };

/** To the worker: a job, or leave to send another chunk. */
export type LayerOrder = { readonly kind: 'start'; readonly job: LayerJob } | { readonly kind: 'more' };
