import { readFileSync } from 'node:fs';

/** A user's home by the container's passwd(5); `/` where it does not say. */
export function homeOf(uid: number): string {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const fields = line.split(':');
      if (fields[2] === String(uid)) return fields[5] || '/';
    }
  } catch {
    // Images without users have none.
  }
  return uid === 0 ? '/root' : '/';
}
