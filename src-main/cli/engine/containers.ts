import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { containerPath } from '../../docker-api/client/api-paths.ts';
import type { EngineClient } from '../../docker-api/client/engine-client.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { EndedWith } from '../ended-with.ts';
import { type Column, table } from '../text.ts';
import { joinStreams, printAll } from './joined-terminal.ts';
import { openEngine } from './open-engine.ts';
import { startAttached } from './run.ts';
import { addUpdateOptions, type UpdateOptions, updateBody } from './run-options.ts';

interface Summary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: string;
  readonly State: string;
  readonly Status: string;
  readonly Created: number;
  readonly Ports: readonly { IP?: string; PublicPort?: number; PrivatePort: number; Type: string }[];
}

const shortId = (id: string): string => id.slice(0, 12);
const name = ({ Names }: Summary): string => (Names[0] ?? '').slice(1);
const ports = ({ Ports }: Summary): string =>
  Ports.map(({ IP, PublicPort, PrivatePort, Type }) =>
    PublicPort === undefined ? `${PrivatePort}/${Type}` : `${IP}:${PublicPort}->${PrivatePort}/${Type}`,
  ).join(', ');

const COLUMNS: readonly Column<Summary>[] = [
  { title: 'ID', text: ({ Id }) => shortId(Id) },
  { title: 'NAME', text: name },
  { title: 'IMAGE', text: ({ Image }) => Image.replace(/^sha256:(.{12}).*/, '$1') },
  { title: 'STATE', text: ({ State }) => State, colour: ({ State }) => (State === 'running' ? 'green' : undefined) },
  { title: 'STATUS', text: ({ Status }) => Status },
  { title: 'PORTS', text: ports },
  { title: 'COMMAND', text: ({ Command }) => Command },
];

/** `ps`, `logs`, `exec`, `attach` and the verbs that change a container's state. */
export function addContainerVerbs(program: Command, io: CliIo): void {
  program
    .command('ps')
    .description('containers that run, or all')
    .option('-a, --all', 'those that do not run too')
    .option('-q, --quiet', 'ids only')
    .option('--json', 'as one JSON document')
    .action(async ({ all, quiet, json }: { all?: boolean; quiet?: boolean; json?: boolean }) => {
      const engine = await openEngine(io);
      const list = await engine.json<Summary[]>('GET', '/containers/json', { query: { all } });
      if (json) return printJson(io.stdout, list.map(jsonView));
      if (quiet) return write(io.stdout, list.map(({ Id }) => `${shortId(Id)}\n`).join(''));
      if (list.length === 0) return printLine(io.stderr, 'no containers yet: `bulkhead run IMAGE` makes one');
      await write(io.stdout, table(io, list, COLUMNS));
    });

  program
    .command('logs')
    .description("a container's output so far")
    .argument('<container>')
    .option('-f, --follow', 'and what it says from now on')
    .option('-n, --tail <lines>', 'the last lines only')
    .option('-t, --timestamps', 'with the time of each line')
    .option('--since <time>', 'from a time, or a duration like 10m, on')
    .action(async (container: string, { follow, tail, timestamps, since }: LogOptions) => {
      const engine = await openEngine(io);
      const query = { stdout: true, stderr: true, follow, tail, timestamps, since };
      const terminal = await hasTerminal(engine, container);
      await printAll(io, await engine.stream('GET', containerPath(container, '/logs'), { query }), terminal);
    });

  program
    .command('exec')
    .description('run one more program in a container')
    .argument('<container>')
    .argument('<command...>')
    .option('-i, --interactive', 'keep its input open')
    .option('-t, --tty', 'give it a terminal')
    .option('-d, --detach', 'leave it in the background')
    .option('-u, --user <name[:group]>', 'run as this user')
    .option('-w, --workdir <folder>', 'start in this folder')
    .option('-e, --env <name=value>', 'an environment variable', (value: string, before: string[] = []) => [
      ...before,
      value,
    ])
    .passThroughOptions()
    .action((container: string, args: string[], options: ExecOptions) => exec(io, container, args, options));

  program
    .command('attach')
    .description('join the input and output of a running container; ^P ^Q leaves it running')
    .argument('<container>')
    .action(async (container: string) => {
      const engine = await openEngine(io);
      const terminal = await hasTerminal(engine, container);
      const query = { stream: true, stdin: true, stdout: true, stderr: true };
      const waiting = engine.json<{ StatusCode: number }>('POST', containerPath(container, '/wait'));
      await joinStreams(io, await engine.hijack(containerPath(container, '/attach'), { query }), {
        terminal,
        stdin: true,
      });
      const { State } = await engine.json<{ State: { Running: boolean } }>('GET', containerPath(container, '/json'));
      if (!State.Running) throw new EndedWith((await waiting).StatusCode);
    });

  program
    .command('start')
    .description('start containers that were made or have ended')
    .argument('<container...>')
    .option('-a, --attach', 'join its output, and end with its exit code')
    .option('-i, --interactive', 'and its input')
    .action(async (containers: string[], { attach, interactive }: { attach?: boolean; interactive?: boolean }) => {
      const engine = await openEngine(io);
      const [first = ''] = containers;
      if ((attach || interactive) && containers.length === 1) {
        const terminal = await hasTerminal(engine, first);
        await startAttached(io, engine, first, { terminal, stdin: interactive === true, rm: false });
      }
      await each(io, containers, (one) => engine.json('POST', containerPath(one, '/start')));
    });

  for (const [verb, description] of [
    ['pause', 'freeze containers'],
    ['unpause', 'let frozen containers go on'],
  ] as const) {
    program
      .command(verb)
      .description(description)
      .argument('<container...>')
      .action(async (containers: string[]) => {
        const engine = await openEngine(io);
        await each(io, containers, (one) => engine.json('POST', containerPath(one, `/${verb}`)));
      });
  }

  for (const [verb, description] of [
    ['stop', 'ask containers to stop, and after a while make them'],
    ['restart', 'stop containers and start them again'],
  ] as const) {
    program
      .command(verb)
      .description(description)
      .argument('<container...>')
      .option('-t, --time <seconds>', 'how long to wait before it is killed')
      .action(async (containers: string[], { time }: { time?: string }) => {
        const engine = await openEngine(io);
        await each(io, containers, (one) =>
          engine.json('POST', containerPath(one, `/${verb}`), { query: { t: time } }),
        );
      });
  }

  program
    .command('kill')
    .description('end containers at once, or send them a signal')
    .argument('<container...>')
    .option('-s, --signal <signal>', 'in place of SIGKILL')
    .action(async (containers: string[], { signal }: { signal?: string }) => {
      const engine = await openEngine(io);
      await each(io, containers, (one) => engine.json('POST', containerPath(one, '/kill'), { query: { signal } }));
    });

  program
    .command('rm')
    .description('remove containers, with what they wrote')
    .argument('<container...>')
    .option('-f, --force', 'also those that run')
    .option('-v, --volumes', 'their volumes without a name too')
    .action(async (containers: string[], { force, volumes }: { force?: boolean; volumes?: boolean }) => {
      const engine = await openEngine(io);
      await each(io, containers, (one) => engine.json('DELETE', containerPath(one), { query: { force, v: volumes } }));
    });

  program
    .command('wait')
    .description('wait until containers have ended, and print their exit codes')
    .argument('<container...>')
    .action(async (containers: string[]) => {
      const engine = await openEngine(io);
      for (const one of containers) {
        const { StatusCode } = await engine.json<{ StatusCode: number }>('POST', containerPath(one, '/wait'));
        await printLine(io.stdout, `${StatusCode}`);
      }
    });

  addUpdateOptions(program.command('update'))
    .description('change limits and the restart policy of containers, also while they run')
    .argument('<container...>')
    .action(async (containers: string[], options: UpdateOptions) => {
      const body = updateBody(options);
      if (Object.keys(body).length === 0) {
        throw new Failure('usage', 'nothing-to-change', 'update: nothing to change is named', {
          hint: 'as with --memory 512M',
        });
      }
      const engine = await openEngine(io);
      await each(io, containers, async (one) => {
        const { Warnings } = await engine.json<{ Warnings?: string[] | null }>('POST', containerPath(one, '/update'), {
          body,
        });
        for (const warning of Warnings ?? []) await printLine(io.stderr, `warning: ${warning}`);
      });
    });

  program
    .command('rename')
    .description('give a container another name')
    .argument('<container>')
    .argument('<name>')
    .action(async (container: string, newName: string) => {
      const engine = await openEngine(io);
      await engine.json('POST', containerPath(container, '/rename'), { query: { name: newName } });
    });
}

interface LogOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly timestamps?: boolean;
  readonly since?: string;
}

interface ExecOptions {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly detach?: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: string[];
}

/** The shape programs may rely on. */
function jsonView(summary: Summary) {
  return {
    id: summary.Id,
    name: name(summary),
    image: summary.Image,
    command: summary.Command,
    state: summary.State,
    status: summary.Status,
    createdAt: new Date(summary.Created * 1000).toISOString(),
    ports: summary.Ports,
  };
}

/** Does it for each, prints each, and fails with the first failure after all were tried. */
async function each(io: CliIo, containers: readonly string[], act: (one: string) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const one of containers) {
    try {
      await act(one);
      await printLine(io.stdout, one);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function hasTerminal(engine: EngineClient, container: string): Promise<boolean> {
  const { Config } = await engine.json<{ Config: { Tty: boolean } }>('GET', containerPath(container, '/json'));
  return Config.Tty;
}

async function exec(io: CliIo, container: string, args: readonly string[], options: ExecOptions): Promise<void> {
  const engine = await openEngine(io);
  const terminal = options.tty === true;
  const stdin = options.interactive === true;
  const attached = !options.detach;
  const body = {
    Cmd: args,
    Tty: terminal,
    AttachStdin: stdin && attached,
    AttachStdout: attached,
    AttachStderr: attached,
    User: options.user ?? '',
    WorkingDir: options.workdir ?? '',
    Env: options.env ?? [],
  };
  const { Id } = await engine.json<{ Id: string }>('POST', containerPath(container, '/exec'), { body });
  if (!attached) {
    await engine.json('POST', `/exec/${Id}/start`, { body: { Detach: true } });
    return;
  }
  const peer = await engine.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: terminal } });
  await joinStreams(io, peer, {
    terminal,
    stdin,
    resize: ({ rows, columns }) => {
      engine.json('POST', `/exec/${Id}/resize`, { query: { h: rows, w: columns } }).catch(() => undefined);
    },
  });
  const { ExitCode } = await engine.json<{ ExitCode: number | null }>('GET', `/exec/${Id}/json`);
  throw new EndedWith(ExitCode ?? 0);
}
