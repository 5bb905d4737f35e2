import type { Disposable } from '../base/disposable.ts';
import type { MachineSample, MachineStatsItem } from '../contract/machine.ts';
import type { ServedStream, StreamSink } from './contract-server.ts';

/** Reads one running machine's counters; `undefined` when it is off. */
export interface CounterReader extends Disposable {
  read(): Promise<MachineSample | undefined>;
}

/** Calls back every `ms` until disposed. */
export type Every = (ms: number, tick: () => void) => Disposable;

export const everyInterval: Every = (ms, tick) => {
  const timer = setInterval(tick, ms);
  return { dispose: () => clearInterval(timer) };
};

/** Serves `machine.stats`: a sample at once and then each second, never two readings at a time. */
export function streamStats(
  reader: CounterReader,
  every: Every,
  sink: StreamSink<MachineStatsItem>,
): ServedStream<never> {
  let reading = false;
  let wasOff = false;
  const read = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    const sample = await reader.read().catch(() => undefined);
    reading = false;
    if (sample !== undefined) sink.emit({ kind: 'sample', sample });
    else if (!wasOff) sink.emit({ kind: 'off' });
    wasOff = sample === undefined;
  };
  const timer = every(1000, () => void read());
  void read();
  return {
    dispose: () => {
      timer.dispose();
      reader.dispose();
    },
  };
}
