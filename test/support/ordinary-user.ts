import { execFileSync } from 'node:child_process';

/** nobody, on Debian and everywhere else. */
const NOBODY = 65534;

/** Runs `body` with an ordinary user's rights over `folder`: as we are, or, for root, with nobody's until it returns. */
export function asOrdinaryUser<T>(folder: string, body: () => T): T {
  if (process.getuid?.() !== 0) return body();
  execFileSync('chown', ['-R', String(NOBODY), folder]);
  process.seteuid?.(NOBODY);
  try {
    return body();
  } finally {
    process.seteuid?.(0);
    execFileSync('chown', ['-R', '0', folder]);
  }
}
