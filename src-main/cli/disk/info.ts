import type { Command } from 'commander';
import { asFailure } from '../../base/failure.ts';
import { backingChain, chainText } from '../../storage/backing-chain.ts';
import type { BackingFile } from '../../storage/block-backend.ts';
import { type DiskDescription, describeDisk } from '../../storage/describe-disk.ts';
import { type CliIo, printJson, write } from '../cli-io.ts';
import { facts } from '../text.ts';
import { bytesAsText, diskPath, optionalFormat } from './disk-arguments.ts';

export function addDiskInfo(group: Command, io: CliIo): void {
  group
    .command('info')
    .description('what a disk image is')
    .argument('<path>')
    .option('--format <format>', 'raw or qcow2 (default: seen from its first bytes)')
    .option('--json', 'as JSON')
    .action(async (name: string, { format, json }: { format?: string; json?: boolean }) => {
      const disk = describeDisk(diskPath(io, name), optionalFormat(format));
      const chain = chainOf(disk);
      if (json) await printJson(io.stdout, { ...disk, ...chain });
      else await write(io.stdout, facts([...lines(disk), ...chainLines(chain)]));
    });
}

interface Chain {
  /** What the image is based on, file by file. */
  readonly backingChain: readonly BackingFile[];
  /** Why a machine could not use that. */
  readonly backingProblem?: string;
}

function chainOf({ path, format }: DiskDescription): Chain {
  try {
    return { backingChain: backingChain(path, format) };
  } catch (error) {
    return { backingChain: [], backingProblem: asFailure(error).message };
  }
}

function chainLines({ backingChain, backingProblem }: Chain): (readonly [string, string])[] {
  const files = backingChain.map((file) => ['based on', chainText([file])] as const);
  return backingProblem === undefined ? files : [...files, ['backing', backingProblem]];
}

function lines({ path, format, sizeBytes, usedBytes, qcow2 }: DiskDescription): (readonly [string, string])[] {
  const common = [
    ['file', path],
    ['format', format],
    ['size', `${bytesAsText(sizeBytes)} (${sizeBytes} bytes)`],
    ['takes', `${bytesAsText(usedBytes)} of the host's disk`],
  ] as const;
  if (qcow2 === undefined) return [...common];
  const state = qcow2.corrupt ? 'marked as damaged' : qcow2.dirty ? 'not closed cleanly' : 'clean';
  return [
    ...common,
    ['version', String(qcow2.version)],
    ['cluster', bytesAsText(qcow2.clusterBytes)],
    ['compression', qcow2.compression],
    ['state', state],
    ...(qcow2.snapshots > 0 ? [['snapshots', String(qcow2.snapshots)] as const] : []),
  ];
}
