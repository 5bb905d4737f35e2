import type { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { addArchiveVerbs } from './archives.ts';
import { addContainerVerbs } from './containers.ts';
import { addCopy } from './copy.ts';
import { addImageVerbs } from './images.ts';
import { addInspectVerbs } from './inspect.ts';
import { addLoginVerbs } from './login.ts';
import { addRun } from './run.ts';
import { addWatchVerbs } from './watch.ts';

/** Everything in `DOCKER_VERBS`. */
export function addDockerVerbs(program: Command, io: CliIo): void {
  addRun(program, io);
  addContainerVerbs(program, io);
  addImageVerbs(program, io);
  addArchiveVerbs(program, io);
  addLoginVerbs(program, io);
  addInspectVerbs(program, io);
  addCopy(program, io);
  addWatchVerbs(program, io);
}
