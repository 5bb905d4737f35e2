import { dirname, relative } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { describeDisk } from '../../storage/describe-disk.ts';
import { makeImage } from '../../storage/new-image.ts';
import { createQcow2 } from '../../storage/qcow2/create.ts';
import { parseDiskBytes } from '../arguments.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { bytesAsText, diskPath, optionalFormat, parseDiskFormat } from './disk-arguments.ts';

interface CreateOptions {
  readonly format?: string;
  readonly backing?: string;
  readonly backingFormat?: string;
  readonly json?: boolean;
}

export function addDiskCreate(group: Command, io: CliIo): void {
  group
    .command('create')
    .description('make an empty disk; it grows as the guest fills it')
    .argument('<path>')
    .argument('[size]', 'as 20G; with --backing the size of that file, if left out')
    .option('--format <format>', 'qcow2 or raw (default: raw for names that end in .raw or .img, qcow2 otherwise)')
    .option('--backing <file>', 'start with the contents of this disk, which must not change from then on')
    .option('--backing-format <format>', 'what that is (default: seen from its first bytes)')
    .option('--json', 'print the new disk as JSON')
    .action((path: string, size: string | undefined, options: CreateOptions) => create(io, path, size, options));
}

async function create(io: CliIo, name: string, sizeText: string | undefined, options: CreateOptions): Promise<void> {
  const path = diskPath(io, name);
  const format = options.format === undefined ? formatOfName(path) : parseDiskFormat(options.format);
  const backing = backingOf(io, path, options);
  if (backing !== undefined && format === 'raw')
    throw new Failure('usage', 'raw-backing', '--backing: goes with qcow2 only', { hint: 'add --format qcow2' });
  if (options.backingFormat !== undefined && backing === undefined)
    throw new Failure('usage', 'backing-format', '--backing-format: goes with --backing only');
  if (sizeText === undefined && backing === undefined)
    throw new Failure('usage', 'no-size', 'disk create: a size is missing', { hint: 'as 20G, after the path' });
  const size = sizeText === undefined ? backing!.sizeBytes : parseDiskBytes(sizeText);
  await makeImage(path, (file) => {
    if (format === 'raw') file.resize(size);
    else createQcow2(file, { size, ...(backing === undefined ? {} : { backing }) });
  });
  if (options.json) await printJson(io.stdout, describeDisk(path, format));
  else await printLine(io.stdout, `disk ${name}: ${format}, ${bytesAsText(size)}`);
}

function formatOfName(path: string): 'raw' | 'qcow2' {
  return /\.(raw|img)$/i.test(path) ? 'raw' : 'qcow2';
}

function backingOf(io: CliIo, path: string, { backing, backingFormat }: CreateOptions) {
  if (backing === undefined) return undefined;
  const file = diskPath(io, backing);
  const { format, sizeBytes } = describeDisk(file, optionalFormat(backingFormat));
  // Beside the image or below, a relative name keeps both movable together.
  const near = relative(dirname(path), file);
  return { name: near.startsWith('..') ? file : near, format, sizeBytes: Math.ceil(sizeBytes / 512) * 512 };
}
