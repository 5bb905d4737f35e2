import { type Command, Option } from 'commander';
import { Failure } from '../../base/failure.ts';
import { convertDisk } from '../../storage/convert.ts';
import { describeDisk } from '../../storage/describe-disk.ts';
import type { Compression } from '../../storage/qcow2/header.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { ProgressBar } from '../progress.ts';
import { bytesAsText, diskPath, optionalFormat, parseDiskFormat } from './disk-arguments.ts';

interface ConvertOptions {
  readonly format: string;
  readonly from?: string;
  readonly compress?: Compression | true;
  readonly allowBacking?: boolean;
  readonly json?: boolean;
}

export function addDiskConvert(group: Command, io: CliIo): void {
  group
    .command('convert')
    .description('copy a disk, with what it is based on, into a new image')
    .argument('<from>')
    .argument('<to>')
    .option('--format <format>', 'of the new image: qcow2 or raw', 'qcow2')
    .option('--from <format>', 'of the old one (default: seen from its first bytes)')
    .addOption(new Option('--compress [how]', 'zlib, or zstd').choices(['zlib', 'zstd']))
    .option('--allow-backing', 'copy what other files hold that the old one is based on, too')
    .option('--json', 'print the new disk as JSON')
    .action((from: string, to: string, options: ConvertOptions) => convert(io, from, to, options));
}

async function convert(io: CliIo, from: string, to: string, options: ConvertOptions): Promise<void> {
  const toFormat = parseDiskFormat(options.format);
  const compression = options.compress === true ? 'zlib' : options.compress;
  if (compression !== undefined && toFormat === 'raw')
    throw new Failure('usage', 'raw-compressed', '--compress: goes with qcow2 only');
  const path = diskPath(io, to);
  let cancelled = false;
  const signals = (['SIGINT', 'SIGTERM'] as const).map((signal) =>
    io.onSignal(signal, () => {
      cancelled = true;
    }),
  );
  const bar = new ProgressBar(io, 'converting');
  try {
    await convertDisk({
      from: diskPath(io, from),
      fromFormat: optionalFormat(options.from),
      allowBacking: options.allowBacking,
      to: path,
      toFormat,
      compression,
      progress: (done, total) => bar.update(done, total),
      cancelled: () => cancelled,
    });
  } finally {
    bar.dispose();
    for (const signal of signals) signal.dispose();
  }
  const disk = describeDisk(path, toFormat);
  if (options.json) await printJson(io.stdout, disk);
  else
    await printLine(
      io.stdout,
      `disk ${to}: ${toFormat}, ${bytesAsText(disk.sizeBytes)}, takes ${bytesAsText(disk.usedBytes)}`,
    );
}
