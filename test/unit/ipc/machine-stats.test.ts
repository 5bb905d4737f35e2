import { expect, test } from 'vitest';
import type { MachineSample, MachineStatsItem } from '../../../src-main/contract/machine.ts';
import { streamStats } from '../../../src-main/ipc/machine-stats.ts';

const sample: MachineSample = {
  atMs: 0,
  uptimeMs: 0,
  hostCpuMs: 0,
  residentMiB: 1,
  exits: { port: 0, mmio: 0, other: 0 },
  consoleBytes: 0,
  visitors: 0,
  vcpus: [],
};

/** A stream over a reader that answers what `answers` says, and a clock the test ticks. */
function stats(answers: (MachineSample | undefined)[]) {
  const items: MachineStatsItem[] = [];
  const disposed: string[] = [];
  let tick = (): void => undefined;
  const reader = { read: async () => answers.shift(), dispose: () => void disposed.push('reader') };
  const every = (_ms: number, callback: () => void) => {
    tick = callback;
    return { dispose: () => void disposed.push('timer') };
  };
  const served = streamStats(reader, every, { emit: (item) => items.push(item), end: () => undefined });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const second = async (): Promise<void> => {
    await settled();
    tick();
    await settled();
  };
  return { items, disposed, served, second };
}

test('a sample at once and one each second', async () => {
  const { items, second } = stats([sample, sample, sample]);
  await second();
  await second();
  expect(items).toEqual([sample, sample, sample].map((each) => ({ kind: 'sample', sample: each })));
});

test('that the machine is off is said once', async () => {
  const { items, second } = stats([undefined, undefined, sample, undefined]);
  for (let i = 0; i < 3; i += 1) await second();
  expect(items.map(({ kind }) => kind)).toEqual(['off', 'sample', 'off']);
});

test('closing the stream stops the clock and the reader', () => {
  const { disposed, served } = stats([sample]);
  served.dispose();
  expect(disposed).toEqual(['timer', 'reader']);
});
