import { readFileSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { isUserData } from '../../cloud-init/seed.ts';
import type { CloudInit } from '../../inventory/machine-hardware.ts';

/** The cloud-init user data in a file; throws when cloud-init would not read it. */
export function readUserData(path: string): CloudInit {
  let userData: string;
  try {
    userData = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Failure('usage', 'no-such-file', `cloud-init ${path}: ${why}`, { cause });
  }
  if (isUserData(userData)) return { kind: 'raw', userData };
  throw new Failure('usage', 'not-user-data', `cloud-init ${path}: cloud-init would not read this`, {
    hint: 'its first line says what it is: #cloud-config, or #! for a script',
  });
}
