import { Panel } from '../../components/panel.tsx';
import { short } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { type StatsHistory, sparkline } from './stats-model.ts';
import classes from './vcpu-loads.module.css';

const width = 96;
const height = 26;

/** Each vCPU's state, and how busy it has been. */
export function VcpuLoads({ history }: { history: StatsHistory }) {
  const { last, loads } = history;
  return (
    <Panel title={en.cpu.load.title} aside={<span className={classes.hint}>{en.cpu.load.hint}</span>}>
      <ul className={classes.loads}>
        {(last?.vcpus ?? []).map(({ state }, index) => {
          const percent = loads.at(-1)?.percent[index];
          const name = en.cpu.load.vcpu(index);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a vCPU is its index
            <li key={index} data-state={state}>
              <span className={classes.name}>
                <strong>{name}</strong>
                <span>{en.cpu.load.state[state] ?? state}</span>
              </span>
              <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
                <polyline points={sparkline(loads, index, width, height)} />
              </svg>
              <span className={classes.percent}>
                {percent === undefined ? '–' : en.cpu.load.percent(short(percent))}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
