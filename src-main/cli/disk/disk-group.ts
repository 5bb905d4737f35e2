import type { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { addDiskCheck } from './check.ts';
import { addDiskConvert } from './convert.ts';
import { addDiskCreate } from './create.ts';
import { addDiskInfo } from './info.ts';
import { addDiskResize } from './resize.ts';

export function addDiskVerbs(group: Command, io: CliIo): void {
  addDiskCreate(group, io);
  addDiskInfo(group, io);
  addDiskCheck(group, io);
  addDiskConvert(group, io);
  addDiskResize(group, io);
}
