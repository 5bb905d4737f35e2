import { resolve } from 'node:path';
import { type CdromSetting, EMPTY_DRIVE } from '../../inventory/machine-hardware.ts';
import { checkedIso } from '../../vmm/client/iso-file.ts';
import type { CliIo } from '../cli-io.ts';

/** What is to be in a CD drive: an ISO image's path, or `empty`; throws what the file is not. */
export function parseCdrom(io: CliIo, text: string): CdromSetting {
  return text === EMPTY_DRIVE ? text : checkedIso(resolve(io.cwd, text));
}
