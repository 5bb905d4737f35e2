import { resolve } from 'node:path';
import { Failure } from '../../base/failure.ts';
import { DISK_FORMATS, type Disk } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import { allowedChain, chainText } from '../../storage/backing-chain.ts';
import { inspectDiskFile } from '../../vmm/client/disk-file.ts';
import type { WantedDisk } from '../../vmm/client/machine-disks.ts';
import { parseDiskBytes } from '../arguments.ts';
import type { CliIo } from '../cli-io.ts';

export const DISK_OPTION = 'PATH|new:SIZE[,format=raw|qcow2][,readonly][,serial=TEXT][,allow-backing]';

/**
 * Reads `PATH[,format=…][,readonly][,serial=…][,allow-backing]`, where the format is what the file says if it is not
 * given, or `new:SIZE[,format=…][,serial=…]` for a disk to be made, qcow2 by default. An image that is based on other
 * files is refused with their names unless that is allowed, and is then kept with them.
 */
export function parseDisk(io: CliIo, text: string): WantedDisk {
  const [file = '', ...settings] = text.split(',');
  if (file === '') throw usage(`disk ${quote(text)}: has no file: ${DISK_OPTION} is expected`);
  let format: Disk['format'];
  let readOnly = false;
  let allowBacking = false;
  let serial: string | undefined;
  for (const setting of settings) {
    const [key, value] = setting.split('=', 2);
    if (setting === 'readonly') readOnly = true;
    else if (setting === 'allow-backing') allowBacking = true;
    else if (key === 'serial' && value) serial = value;
    else if (key === 'format' && DISK_FORMATS.some((known) => known === value)) format = value as Disk['format'];
    else throw usage(`disk ${quote(text)}: ${quote(setting)}: ${DISK_OPTION} is expected`);
  }
  const more = { ...(readOnly ? { readOnly } : {}), ...(serial === undefined ? {} : { serial }) };
  if (file.startsWith('new:')) {
    if (readOnly) throw usage(`disk ${quote(text)}: a new disk that is read-only would stay empty`);
    return { sizeBytes: parseDiskBytes(file.slice('new:'.length)), format: format ?? 'qcow2', ...more };
  }
  const path = resolve(io.cwd, file);
  const found = inspectDiskFile(path, readOnly);
  const settled = format ?? found.format;
  const backing = allowedChain(path, settled, allowBacking, `--disk ${text},allow-backing`);
  return { path, format: settled, ...more, ...(backing.length === 0 ? {} : { backing }) };
}

/** As the option would say it again. */
export function describeDisk({ path, format, readOnly, backing = [] }: Disk): string {
  const base = backing.length === 0 ? [] : [`based on ${chainText(backing)}`];
  return [path, ...(format === undefined ? [] : [format]), ...(readOnly ? ['read-only'] : []), ...base].join(', ');
}

function usage(message: string): Failure {
  return new Failure('usage', 'bad-disk', message);
}
