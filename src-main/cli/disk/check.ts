import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { HostImageFile } from '../../storage/image-file.ts';
import { formatOf } from '../../storage/open-layer.ts';
import { type CheckResult, checkImage } from '../../storage/qcow2/check.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { ProgressBar } from '../progress.ts';
import { diskPath } from './disk-arguments.ts';

export function addDiskCheck(group: Command, io: CliIo): void {
  group
    .command('check')
    .description('look for damage in a qcow2 image; fails if there is any')
    .argument('<path>')
    .option('--repair', 'set reference counts right: gives leaked room back')
    .option('--json', 'as JSON')
    .action((name: string, options: { repair?: boolean; json?: boolean }) => check(io, name, options));
}

async function check(
  io: CliIo,
  name: string,
  { repair = false, json }: { repair?: boolean; json?: boolean },
): Promise<void> {
  const path = diskPath(io, name);
  const result = examine(io, path, repair);
  if (json) await printJson(io.stdout, { path, ...result });
  else {
    for (const problem of result.problems) await printLine(io.stdout, problem);
    await printLine(io.stdout, summary(name, result));
  }
  if (result.corruptions === 0) return;
  throw new Failure('failed', 'disk-corrupt', `${path}: ${count(result.corruptions, 'error')} found`, {
    hint: repair
      ? 'what is left cannot be repaired; copy what can still be read with bulkhead disk convert'
      : '--repair sets wrong reference counts right; make a copy first',
  });
}

function examine(io: CliIo, path: string, repair: boolean): CheckResult {
  const file = HostImageFile.open(path, { readOnly: !repair });
  const bar = new ProgressBar(io, 'checking');
  try {
    if (formatOf(file) === 'raw')
      throw new Failure('failed', 'disk-raw', `${path}: is a raw image: there is nothing in it to check`);
    return checkImage(file, { repair, progress: (done, total) => bar.update(done, total) });
  } finally {
    bar.dispose();
    file.dispose();
  }
}

function summary(name: string, { corruptions, leaks, repaired, allocatedClusters, totalClusters }: CheckResult) {
  const percent = totalClusters === 0 ? 0 : (allocatedClusters / totalClusters) * 100;
  const used = `${allocatedClusters} of ${totalClusters} clusters in use (${percent.toFixed(1)} %)`;
  const found = [
    ...(corruptions > 0 ? [count(corruptions, 'error')] : []),
    ...(leaks > 0 ? [`${count(leaks, 'leaked cluster')}, which only take room`] : []),
    ...(repaired > 0 ? [`${count(repaired, 'reference count')} set right`] : []),
  ];
  return `disk ${name}: ${found.length === 0 ? 'clean' : found.join('; ')}; ${used}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
