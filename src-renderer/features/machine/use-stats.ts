import { useEffect, useState } from 'react';
import { stream } from '../../api/bridge.ts';
import { emptyHistory, type StatsHistory, withSample } from './stats-model.ts';

/** The machine's counters of the last minute and a half, while someone looks. */
export function useStats(id: string): StatsHistory {
  const [history, setHistory] = useState<StatsHistory>(emptyHistory);
  useEffect(() => {
    const open = stream(
      'machine.stats',
      { id },
      {
        onItem: (item) =>
          setHistory((before) => (item.kind === 'sample' ? withSample(before, item.sample) : emptyHistory)),
      },
    );
    return () => open.close();
  }, [id]);
  return history;
}
