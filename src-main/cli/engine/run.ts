import type { Command } from 'commander';
import { asFailure } from '../../base/failure.ts';
import { containerPath } from '../../docker-api/client/api-paths.ts';
import type { EngineClient } from '../../docker-api/client/engine-client.ts';
import { pullLines } from '../../docker-api/client/transfer-lines.ts';
import { type CliIo, printLine } from '../cli-io.ts';
import { EndedWith } from '../ended-with.ts';
import { joinStreams } from './joined-terminal.ts';
import { openEngine } from './open-engine.ts';
import { addRunOptions, createBody, type RunOptions } from './run-options.ts';
import { showProgress } from './show-progress.ts';

export function addRun(program: Command, io: CliIo): void {
  addRunOptions(program.command('run'))
    .description('make a container from an image and start it')
    .argument('<image>')
    .argument('[command...]')
    .option('-d, --detach', 'leave it in the background and print its id')
    .passThroughOptions()
    .action((image: string, args: string[], options: RunOptions) => run(io, image, args, options));
  addRunOptions(program.command('create'))
    .description('make a container without starting it')
    .argument('<image>')
    .argument('[command...]')
    .passThroughOptions()
    .action(async (image: string, args: string[], options: RunOptions) => {
      const engine = await openEngine(io);
      await printLine(io.stdout, await create(io, engine, image, args, options));
    });
}

async function run(io: CliIo, image: string, args: readonly string[], options: RunOptions): Promise<void> {
  const engine = await openEngine(io);
  const id = await create(io, engine, image, args, options);
  if (options.detach) {
    await engine.json('POST', containerPath(id, '/start'));
    return printLine(io.stdout, id);
  }
  await startAttached(io, engine, id, {
    terminal: options.tty === true,
    stdin: options.interactive === true,
    rm: options.rm === true,
  });
}

/** Makes the container; an image that is not here is pulled first. */
async function create(
  io: CliIo,
  engine: EngineClient,
  image: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const body = createBody(image, args, options, io.cwd, io.env);
  const query = { name: options.name };
  const ask = async (): Promise<string> => {
    const made = await engine.json<{ Id: string; Warnings?: string[] | null }>('POST', '/containers/create', {
      query,
      body,
    });
    for (const warning of made.Warnings ?? []) await printLine(io.stderr, `warning: ${warning}`);
    return made.Id;
  };
  try {
    return await ask();
  } catch (error) {
    if (asFailure(error).failureClass !== 'not-found' || !/No such image/i.test(asFailure(error).message)) throw error;
  }
  await printLine(io.stderr, `${image} is not here: pulling it`);
  await showProgress(io, pullLines(engine, image, { env: io.env }));
  return ask();
}

interface Attached {
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly rm: boolean;
}

/** Starts a container with its streams joined to ours, and ends with its exit code. */
export async function startAttached(
  io: CliIo,
  engine: EngineClient,
  id: string,
  { terminal, stdin, rm }: Attached,
): Promise<never> {
  const query = { stream: true, stdout: true, stderr: true, stdin };
  const peer = await engine.hijack(containerPath(id, '/attach'), { query });
  // Asked for before the start: a quick container would be over, or gone, before we could.
  const waiting = await engine.stream('POST', containerPath(id, '/wait'), {
    query: { condition: rm ? 'removed' : 'next-exit' },
  });
  try {
    await engine.json('POST', containerPath(id, '/start'));
  } catch (error) {
    peer.destroy();
    waiting.destroy();
    if (rm) await engine.json('DELETE', containerPath(id)).catch(() => undefined);
    throw error;
  }
  await joinStreams(io, peer, {
    terminal,
    stdin,
    resize: ({ rows, columns }) => {
      engine.json('POST', containerPath(id, '/resize'), { query: { h: rows, w: columns } }).catch(() => undefined);
    },
    signal: (name) => {
      engine.json('POST', containerPath(id, '/kill'), { query: { signal: name } }).catch(() => undefined);
    },
  });
  let text = '';
  for await (const chunk of waiting) text += chunk;
  throw new EndedWith((JSON.parse(text) as { StatusCode: number }).StatusCode);
}
