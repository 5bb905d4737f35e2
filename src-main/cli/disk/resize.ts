import type { Command } from 'commander';
import { describeDisk } from '../../storage/describe-disk.ts';
import { resizeDisk } from '../../storage/resize.ts';
import { parseDiskBytes } from '../arguments.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { bytesAsText, diskPath, optionalFormat } from './disk-arguments.ts';

export function addDiskResize(group: Command, io: CliIo): void {
  group
    .command('resize')
    .description('make a disk larger')
    .argument('<path>')
    .argument('<size>', 'as 40G, or +10G for so much more')
    .option('--format <format>', 'raw or qcow2 (default: seen from its first bytes)')
    .option('--json', 'print the disk as JSON')
    .action(async (name: string, size: string, { format, json }: { format?: string; json?: boolean }) => {
      const path = diskPath(io, name);
      const known = optionalFormat(format);
      const bytes = size.startsWith('+')
        ? describeDisk(path, known).sizeBytes + parseDiskBytes(size.slice(1))
        : parseDiskBytes(size);
      const { before, after } = resizeDisk(path, bytes, known);
      if (json) await printJson(io.stdout, describeDisk(path, known));
      else await printLine(io.stdout, `disk ${name}: from ${bytesAsText(before)} to ${bytesAsText(after)}`);
    });
}
