import { execFileSync } from 'node:child_process';

/** nobody, on Debian and everywhere else. */
const NOBODY = 65534;

/** Runs `body` with an ordinary user's rights: as we are, or, for root, with nobody's until it returns. */
export function asOrdinaryUser<T>(body: () => T): T {
  if (process.getuid?.() !== 0) return body();
  process.seteuid?.(NOBODY);
  try {
    return body();
  } finally {
    process.seteuid?.(0);
  }
}

/** The same for an ordinary user whose `folder` it is. */
export function asOwnerOf<T>(folder: string, body: () => T): T {
  if (process.getuid?.() !== 0) return body();
  execFileSync('chown', ['-R', String(NOBODY), folder]);
  try {
    return asOrdinaryUser(body);
  } finally {
    execFileSync('chown', ['-R', '0', folder]);
  }
}
