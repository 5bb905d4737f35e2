import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../base/failure.ts';
import type { Share } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import type { CliIo } from '../cli-io.ts';

export const SHARE_OPTION = 'HOSTDIR:TAG[,readonly]';

/** Reads `HOSTDIR:TAG[,readonly]`: what stands before the last colon is the folder. */
export function parseShare(io: CliIo, text: string): Share {
  const readOnly = text.endsWith(',readonly');
  const rest = readOnly ? text.slice(0, -',readonly'.length) : text;
  const colon = rest.lastIndexOf(':');
  const [given, tag] = [rest.slice(0, colon), rest.slice(colon + 1)];
  if (colon < 1 || tag === '') throw usage(`share ${quote(text)}: ${SHARE_OPTION} is expected`);
  const folder = resolve(io.cwd, given);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usage(`share ${folder}: there is no such folder`);
  }
  return { folder, tag, ...(readOnly ? { readOnly } : {}) };
}

function usage(message: string): Failure {
  return new Failure('usage', 'bad-share', message, {
    hint: 'the guest mounts it: mount -t 9p -o trans=virtio,version=9p2000.L TAG /mnt',
  });
}
