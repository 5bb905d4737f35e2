import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { EngineClient } from '../../docker-api/client/engine-client.ts';
import { engineAnswers, enginePid, ensureEngine } from '../../docker-api/client/engine-process.ts';
import { bulkheadPaths } from '../../inventory/paths.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { facts } from '../text.ts';

/** How long an engine may take to let go of its sockets. */
const STOP_MS = 10_000;
const LOOK_MS = 50;

interface Report {
  readonly running: boolean;
  readonly socket: string;
  readonly pid?: number | undefined;
  readonly version?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly log: string;
}

/** `engine serve`, `status`, `stop`. */
export function addEngineVerbs(group: Command, io: CliIo): void {
  const { engine: paths } = bulkheadPaths(io.env);

  group
    .command('serve')
    .description('start the container engine in the background, unless it runs')
    .option('--socket <path>', 'where it listens')
    .action(async ({ socket = paths.socket }: { socket?: string }) => {
      await ensureEngine({ ...paths, socket }, io.env);
      await printLine(io.stdout, `DOCKER_HOST=unix://${socket}`);
    });

  group
    .command('status')
    .description('whether it runs, and where')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const report = await look();
      if (json) return printJson(io.stdout, report);
      const rows: [string, string][] = [
        ['state', report.running ? 'running' : 'not running'],
        ['socket', report.socket],
        ['log', report.log],
      ];
      if (report.running)
        rows.splice(1, 0, ['pid', `${report.pid ?? '?'}`], ['version', `${report.version} (API ${report.apiVersion})`]);
      await write(io.stdout, facts(rows));
    });

  group
    .command('stop')
    .description('end the engine; its containers run on')
    .action(async () => {
      const pid = enginePid(paths);
      if (pid === undefined) throw new Failure('state', 'engine-not-running', 'engine: it does not run');
      process.kill(pid, 'SIGTERM');
      const end = performance.now() + STOP_MS;
      while (enginePid(paths) !== undefined) {
        if (performance.now() > end) throw new Failure('failed', 'engine-stays', `engine: process ${pid} does not end`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    });

  async function look(): Promise<Report> {
    const base = { socket: paths.socket, log: paths.log };
    if (!(await engineAnswers(paths.socket))) return { running: false, ...base };
    const version = await new EngineClient(paths.socket).json<{ Version: string; ApiVersion: string }>(
      'GET',
      '/version',
    );
    return { running: true, pid: enginePid(paths), version: version.Version, apiVersion: version.ApiVersion, ...base };
  }
}
