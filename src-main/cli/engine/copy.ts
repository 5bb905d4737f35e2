import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { archiveOf, copyIn, copyOut, unpackInto } from '../../docker-api/client/copy-files.ts';
import type { EngineClient } from '../../docker-api/client/engine-client.ts';
import type { CliIo } from '../cli-io.ts';
import { openEngine } from './open-engine.ts';

interface Place {
  /** Undefined for a path of this computer. */
  readonly container: string | undefined;
  readonly path: string;
}

/** `cp`. */
export function addCopy(program: Command, io: CliIo): void {
  program
    .command('cp')
    .description('copy files into a container or out of it; - is a tar on stdin or stdout')
    .argument('<source>', 'CONTAINER:PATH, or a path of this computer')
    .argument('<target>', 'the other')
    .action(async (source: string, target: string) => {
      const [from, to] = [parse(source), parse(target)];
      if ((from.container === undefined) === (to.container === undefined)) {
        throw new Failure('usage', 'bad-copy', 'cp: one of the two must be CONTAINER:PATH, and one must not');
      }
      const engine = await openEngine(io);
      if (from.container !== undefined) await out(io, engine, from.container, from.path, to.path);
      else if (from.path !== '-') await copyIn(engine, from.path, to.container ?? '', to.path);
      else await unpackInto(engine, to.container ?? '', to.path, io.stdin as Readable);
    });
}

/** A path of this computer begins with `/` or `.` or has no colon. */
function parse(text: string): Place {
  const [, container, path = ''] = /^([^/.:][^:]*):(.*)$/s.exec(text) ?? [];
  return container === undefined ? { container: undefined, path: text } : { container, path: path || '/' };
}

async function out(io: CliIo, engine: EngineClient, container: string, path: string, target: string): Promise<void> {
  if (target !== '-') return copyOut(engine, container, path, target);
  await pipeline(await archiveOf(engine, container, path), io.stdout as unknown as Writable, { end: false });
}
