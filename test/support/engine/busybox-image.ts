import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { docker } from './docker-client.ts';

interface BusyboxFiles {
  /** group(5). */
  readonly group?: string;
  /** A user who has a file in there. */
  readonly owner?: number;
}

/** The image `busybox`: one program under all its names, and the files a program looks for. */
export async function importBusybox(
  client: ReturnType<typeof docker>,
  { group = 'root:x:0:\n', owner = 0 }: BusyboxFiles = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bh-busybox-'));
  const tar = `${folder}.tar`;
  try {
    for (const name of ['bin', 'etc', 'tmp', 'root', 'www']) mkdirSync(join(folder, name));
    cpSync('/bin/busybox', join(folder, 'bin/busybox'));
    const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet));
    writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(join(folder, 'etc/group'), group);
    if (owner !== 0) chownSync(join(folder, 'www'), owner, owner);
    execFileSync('tar', ['-C', folder, '-cf', tar, '.']);
    await client.say('import', '-c', 'CMD ["sh"]', tar, 'busybox');
  } finally {
    rmSync(tar, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}
