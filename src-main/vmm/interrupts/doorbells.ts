import { type SharedOf, struct, words } from '../../base/shared-struct.ts';

/** The most devices whose queues are served. */
export const MOST_SERVED = 32;

/** Between those who ring and the thread that serves queues; devices and queues are bits. */
export const IoSignals = struct('io-signals', 1, {
  /** Queues rung, per device. */
  rung: words(MOST_SERVED),
  /** Words for Atomics: [devices whose driver's side has changed, request, state]. */
  words: words(3),
});
export type IoSignals = SharedOf<typeof IoSignals>;

/** Indices into `IoSignals.words`. */
export const IO = { changed: 0, request: 1, state: 2 } as const;

/** How a driver's side, in any thread, reaches the thread that serves its device's queues. */
export interface Doorbells {
  notify(device: number, queue: number): void;
  /** The driver came, went, or wrote configuration. */
  changed(device: number): void;
  /** A write to `gpa` rings this doorbell from now on, one to `before` no more; 0 is nowhere. */
  move(device: number, queue: number, before: number, gpa: number): void;
}

/** Doorbells that lead nowhere, for a board whose devices nobody serves. */
export const noDoorbells: Doorbells = { notify: () => {}, changed: () => {}, move: () => {} };
