import type { Command } from 'commander';
import type { CliIo } from './cli-io.ts';
import { addCpuCompare } from './cpu-compare.ts';
import { addCpuList } from './cpu-list.ts';
import { addCpuShow } from './cpu-show.ts';
import { addTemplateVerbs } from './cpu-templates.ts';

export function addCpuVerbs(group: Command, io: CliIo): void {
  addCpuList(group, io);
  addCpuShow(group, io);
  addCpuCompare(group, io);
  addTemplateVerbs(group, io);
}
