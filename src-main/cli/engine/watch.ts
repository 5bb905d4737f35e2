import type { Command } from 'commander';
import { containerPath } from '../../docker-api/client/api-paths.ts';
import type { EngineClient } from '../../docker-api/client/engine-client.ts';
import { type CliIo, printJson, write } from '../cli-io.ts';
import { type Column, table } from '../text.ts';
import { openEngine } from './open-engine.ts';

/** Docker API 1.47 ContainerStatsResponse, as far as it is shown. */
interface Reading {
  readonly name: string;
  readonly cpu_stats: {
    readonly cpu_usage: { readonly total_usage: number };
    readonly system_cpu_usage?: number;
    readonly online_cpus?: number;
  };
  readonly precpu_stats: { readonly cpu_usage: { readonly total_usage: number }; readonly system_cpu_usage?: number };
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly pids_stats: { readonly current?: number };
}

/** null where there is nothing to measure: the container does not run. */
interface Row {
  readonly name: string;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly receivedBytes: number | null;
  readonly sentBytes: number | null;
  readonly processes: number | null;
}

const NO_FIGURES: Omit<Row, 'name'> = {
  cpuPercent: null,
  memoryBytes: null,
  memoryLimitBytes: null,
  receivedBytes: null,
  sentBytes: null,
  processes: null,
};

const MIB = 2 ** 20;
const NOTHING = '--';
const mib = (bytes: number | null): string => (bytes === null ? NOTHING : `${(bytes / MIB).toFixed(1)} MiB`);

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'CPU', text: ({ cpuPercent }) => (cpuPercent === null ? NOTHING : `${cpuPercent.toFixed(1)} %`) },
  {
    title: 'MEMORY',
    text: ({ memoryBytes: used, memoryLimitBytes: limit }) =>
      used === null ? NOTHING : `${mib(used)} of ${mib(limit)}`,
  },
  { title: 'RECEIVED', text: ({ receivedBytes }) => mib(receivedBytes) },
  { title: 'SENT', text: ({ sentBytes }) => mib(sentBytes) },
  { title: 'PROCESSES', text: ({ processes }) => `${processes ?? NOTHING}` },
];
/** ECMA-48: the cursor to the first place, and nothing after it. */
const CLEAR = '\u001b[H\u001b[J';

/** `stats` and `top`. */
export function addWatchVerbs(program: Command, io: CliIo): void {
  program
    .command('stats')
    .description('what containers use, again every second')
    .argument('[container...]', 'all that run when there is none')
    .option('--no-stream', 'once')
    .option('--json', 'once, as one JSON document')
    .action(async (names: string[], { stream, json }: { stream: boolean; json?: boolean }) => {
      const engine = await openEngine(io);
      if (json) return printJson(io.stdout, await readAll(engine, names));
      do {
        const rows = table(io, await readAll(engine, names), COLUMNS);
        await write(io.stdout, stream && io.stdout.isTTY ? `${CLEAR}${rows}` : rows);
      } while (stream);
    });
  program
    .command('top')
    .description('the processes of a container')
    .argument('<container>')
    .argument('[options...]', "ps(1)'s options")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (container: string, options: string[]) => {
      const engine = await openEngine(io);
      const query = { ps_args: options.join(' ') || undefined };
      const { Titles, Processes } = await engine.json<{ Titles: string[]; Processes: string[][] }>(
        'GET',
        containerPath(container, '/top'),
        { query },
      );
      const columns = Titles.map((title, i) => ({ title, text: (row: string[]) => row[i] ?? '' }));
      await write(io.stdout, table(io, Processes, columns));
    });
}

/** Each reading takes the second it is about. */
async function readAll(engine: EngineClient, names: readonly string[]): Promise<Row[]> {
  const wanted = names.length > 0 ? names : await running(engine);
  if (wanted.length === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
  const query = { stream: false };
  return Promise.all(
    wanted.map(async (name) => rowOf(await engine.json<Reading>('GET', containerPath(name, '/stats'), { query }))),
  );
}

async function running(engine: EngineClient): Promise<string[]> {
  return (await engine.json<{ Id: string }[]>('GET', '/containers/json')).map(({ Id }) => Id);
}

function rowOf({ name, cpu_stats: now, precpu_stats: before, memory_stats, networks = {}, pids_stats }: Reading): Row {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const links = Object.values(networks);
  const { usage } = memory_stats;
  const shownName = name.replace(/^\//, '');
  if (usage === undefined) return { name: shownName, ...NO_FIGURES };
  const sum = (key: 'rx_bytes' | 'tx_bytes'): number => links.reduce((before, link) => before + link[key], 0);
  const cache = memory_stats.stats?.total_inactive_file ?? memory_stats.stats?.inactive_file ?? 0;
  return {
    name: shownName,
    // What ended without anybody waiting for it may be missing from a later sum.
    cpuPercent: passed > 0 ? (Math.max(0, used) / passed) * (now.online_cpus ?? 1) * 100 : 0,
    memoryBytes: Math.max(0, usage - cache),
    memoryLimitBytes: memory_stats.limit ?? null,
    receivedBytes: sum('rx_bytes'),
    sentBytes: sum('tx_bytes'),
    processes: pids_stats.current ?? null,
  };
}
