import type { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { LATER_VM_COMMANDS, refuseLaterCommand } from '../later.ts';
import { addBalloon } from './balloon.ts';
import { addConsole } from './console.ts';
import { addCreate } from './create.ts';
import { addDelete } from './delete.ts';
import { addForward } from './forward.ts';
import { addList } from './list.ts';
import { addLog } from './log.ts';
import { addPowerVerbs } from './power.ts';
import { addSend } from './send.ts';
import { addSet } from './set.ts';
import { addShow } from './show.ts';
import { addStart } from './start.ts';
import { addStats } from './stats.ts';

export function addVmVerbs(group: Command, io: CliIo): void {
  for (const add of [addCreate, addList, addShow, addSet, addStart, addPowerVerbs]) add(group, io);
  for (const add of [addConsole, addLog, addSend, addStats, addBalloon, addForward, addDelete]) add(group, io);
  for (const name of LATER_VM_COMMANDS) refuseLaterCommand(group, name);
}
