import type { ContainerSummary } from '../../../src-main/contract/container.ts';
import { useStream } from '../../api/use-stream.ts';
import { bytes, short } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { LiveGraph } from '../machine/live-graph.tsx';
import { columnsOf, keepSamples, trafficOf } from './container-model.ts';
import classes from './containers.module.css';

const text = en.containers.stats;

/** What a running container uses, over the last minute and a half. */
export function StatsTab({ container }: { container: ContainerSummary }) {
  const { value: samples = [] } = useStream('container.stats', { id: container.id }, keepSamples);
  const last = samples.at(-1);
  if (container.state !== 'running' && container.state !== 'paused') return <p className={classes.quiet}>{text.off}</p>;
  const traffic = trafficOf(samples);
  return (
    <div className={classes.graphs}>
      <LiveGraph
        title={text.cpu}
        value={last === undefined ? '–' : `${short(last.cpuPercent)} %`}
        color="--graph-1"
        columns={columnsOf(samples, ({ cpuPercent }) => cpuPercent)}
        atLeast={10}
        tick={(value) => `${short(value)} %`}
      />
      <LiveGraph
        title={text.memory}
        value={last === undefined ? '–' : text.of(bytes(last.memoryBytes), bytes(last.memoryLimitBytes))}
        color="--graph-2"
        columns={columnsOf(samples, ({ memoryBytes }) => memoryBytes)}
        atLeast={1 << 20}
        tick={bytes}
      />
      <LiveGraph
        title={text.network}
        value={`${bytes(traffic[1].at(-1) ?? 0)}/s`}
        color="--graph-3"
        columns={traffic}
        atLeast={1024}
        tick={bytes}
      />
      <LiveGraph
        title={text.processes}
        value={last === undefined ? '–' : `${last.processes}`}
        color="--graph-1"
        columns={columnsOf(samples, ({ processes }) => processes)}
        atLeast={4}
        tick={(value) => short(Math.round(value))}
      />
    </div>
  );
}
