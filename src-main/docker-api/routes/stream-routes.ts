import type { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import type { Container } from '../../containers/lifecycle/container.ts';
import type { LogEntry } from '../../containers/lifecycle/logs/log-entry.ts';
import { type LogSelection, readLog } from '../../containers/lifecycle/logs/log-reader.ts';
import { done, json, type Route, route } from '../server/route.ts';
import { AttachedPeer } from '../streams/attached-peer.ts';
import { JsonLines } from '../streams/json-lines.ts';
import { frame } from '../streams/stdcopy.ts';
import { writeSlowly } from '../streams/write-slowly.ts';
import * as requests from '../types/container-requests.ts';
import { timeMs } from '../types/query.ts';
import { hostCpuNs, networkCounters, type StatsReading, statsView } from '../views/stats-view.ts';
import type { EngineServices } from './engine-services.ts';

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';
const STATS_EVERY_MS = 1000;

/** Docker API 1.47 "Container": attach, logs, stats, wait, resize. */
export function streamRoutes({ containers }: EngineServices): Route[] {
  const find = (path: Readonly<Record<string, string>>): Container => containers.find(path.id ?? '');
  const { runtime } = containers.parts;

  return [
    route('POST', '/containers/{id}/attach', { query: requests.attachQuery }, ({ path, query }) => {
      const container = find(path);
      if (container.status === 'paused') {
        throw new Failure(
          'state',
          'paused',
          `Container ${container.id} is paused, unpause the container before attach`,
        );
      }
      const { Tty, OpenStdin, StdinOnce } = container.record.config;
      const peer = query.stream
        ? new AttachedPeer(container.streams, {
            stdin: query.stdin && OpenStdin,
            stdout: query.stdout,
            stderr: query.stderr,
            terminal: Tty,
            detachKeys: query.detachKeys,
            closeStdin: StdinOnce,
          })
        : undefined;
      container.fire('attach');
      return {
        kind: 'hijack',
        contentType: Tty ? RAW : MULTIPLEXED,
        talk: async (connection) => {
          if (query.logs) {
            const selection = { stdout: query.stdout, stderr: query.stderr };
            for await (const entry of readLog(container.folder.log, selection)) {
              if (!(await writeSlowly(connection, logBytes(entry, Tty, false)))) return;
            }
          }
          await peer?.talk(connection);
        },
      };
    }),
    route('GET', '/containers/{id}/logs', { query: requests.logsQuery }, ({ path, query, gone }) => {
      const container = find(path);
      if (!query.stdout && !query.stderr) {
        throw new Failure('usage', 'no-stream', 'Bad parameters: you must choose at least one stream');
      }
      const { hostConfig, config } = container.record;
      if (hostConfig.LogConfig.Type === 'none') {
        throw new Failure('usage', 'no-log', 'configured logging driver does not support reading');
      }
      const selection = logSelection(query);
      const following = query.follow
        ? { grown: container.logGrowth, live: () => container.live || container.status === 'restarting', gone }
        : undefined;
      return {
        kind: 'stream',
        contentType: config.Tty ? RAW : MULTIPLEXED,
        eager: true,
        write: async (out) => {
          for await (const entry of readLog(container.folder.log, selection, following)) {
            if (!(await writeSlowly(out, logBytes(entry, config.Tty, query.timestamps)))) return;
          }
        },
      };
    }),
    route('GET', '/containers/{id}/stats', { query: requests.statsQuery }, async ({ path, query, gone }) => {
      const container = find(path);
      const read = async (): Promise<StatsReading> => ({
        at: new Date(),
        stats: container.live ? await runtime.stats(container.id).catch(() => undefined) : undefined,
        hostCpuNs: hostCpuNs(),
        networks: container.live ? networkCounters(container.pid) : {},
      });
      const view = (now: StatsReading, before?: StatsReading) =>
        statsView(container.id, container.record.name, now, before);
      let before = await read();
      if (!query.stream && query['one-shot']) return json(view(before));
      if (!query.stream) {
        await pause(STATS_EVERY_MS, gone);
        return json(view(await read(), before));
      }
      return {
        kind: 'stream',
        contentType: 'application/json',
        eager: true,
        write: async (out) => {
          const lines = new JsonLines(out, gone);
          lines.send(view(before));
          while (!gone.aborted && !container.removing) {
            await pause(STATS_EVERY_MS, gone);
            const now = await read();
            lines.send(view(now, before));
            before = now;
          }
        },
      };
    }),
    route('POST', '/containers/{id}/wait', { query: requests.waitQuery }, ({ path, query }) => {
      const condition = query.condition || 'not-running';
      if (condition !== 'not-running' && condition !== 'next-exit' && condition !== 'removed') {
        throw new Failure('usage', 'bad-condition', `invalid condition: "${condition}"`);
      }
      const exit = find(path).wait(condition);
      return {
        kind: 'stream',
        contentType: 'application/json',
        // Clients start the container only when they see that the wait has begun.
        eager: true,
        write: async (out) => {
          out.write(`${JSON.stringify({ StatusCode: await exit })}\n`);
        },
      };
    }),
    route('POST', '/containers/{id}/resize', { query: requests.sizeQuery }, async ({ path, query }) => {
      const container = find(path);
      container.requireRunning();
      await runtime.resize(container.id, { rows: query.h ?? 0, columns: query.w ?? 0 });
      return done();
    }),
  ];
}

function logSelection(query: z.infer<typeof requests.logsQuery>): LogSelection {
  const now = Date.now();
  const tail = /^\d+$/.test(query.tail) ? Number(query.tail) : undefined;
  const { stdout, stderr } = query;
  return { tail, sinceMs: timeMs(query.since, now), untilMs: timeMs(query.until, now), stdout, stderr };
}

function logBytes(entry: LogEntry, terminal: boolean, timestamps: boolean): Buffer {
  const bytes = Buffer.from(timestamps ? `${entry.time} ${entry.text}` : entry.text);
  return terminal ? bytes : frame(entry.output, bytes);
}

function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', settle);
      resolve();
    };
    const timer = setTimeout(settle, ms);
    gone.addEventListener('abort', settle);
  });
}
