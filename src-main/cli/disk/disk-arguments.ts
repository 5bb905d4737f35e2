import { resolve } from 'node:path';
import { Failure } from '../../base/failure.ts';
import { quote } from '../../inventory/machine-name.ts';
import type { DiskFormat } from '../../storage/block-backend.ts';
import type { CliIo } from '../cli-io.ts';

export function parseDiskFormat(text: string): DiskFormat {
  if (text === 'raw' || text === 'qcow2') return text;
  throw new Failure('usage', 'bad-format', `format ${quote(text)}: raw or qcow2 is expected`);
}

/** A format that may be left out. */
export function optionalFormat(text: string | undefined): DiskFormat | undefined {
  return text === undefined ? undefined : parseDiskFormat(text);
}

export function diskPath(io: CliIo, path: string): string {
  if (path === '') throw new Failure('usage', 'bad-path', 'disk: the path is empty');
  return resolve(io.cwd, path);
}

const STEPS = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
] as const;

/** `20 GiB`, `1.5 MiB`, `512 bytes`. */
export function bytesAsText(bytes: number): string {
  for (const [size, unit] of STEPS) if (bytes >= size) return `${Number((bytes / size).toFixed(1))} ${unit}`;
  return `${bytes} bytes`;
}
