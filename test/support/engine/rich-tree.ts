import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A root file system with one of everything a layer can hold. */
export function makeRichTree(folder: string): void {
  const at = (...names: string[]): string => join(folder, ...names);
  for (const name of ['bin', 'etc/keep', 'etc/gone', 'usr/lib', 'var/spool', 'dev', 'tmp'])
    mkdirSync(at(name), { recursive: true });
  execFileSync('cp', ['/bin/busybox', at('bin/busybox')]);
  for (const applet of ['sh', 'cat', 'true']) linkSync(at('bin/busybox'), at('bin', applet));
  symlinkSync('usr/lib', at('lib'));
  symlinkSync('/etc/passwd', at('etc/absolute'));
  symlinkSync('nowhere', at('etc/dangling'));
  writeFileSync(at('etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(at('etc/gone/a'), 'a');
  writeFileSync(at('etc/keep/lower'), 'lower');
  writeFileSync(at('etc/replaced'), 'file');
  writeFileSync(Buffer.concat([Buffer.from(at('etc/')), Buffer.from([0x6c, 0xe4, 0x74])]), 'latin1 name');
  writeFileSync(at(`var/${'n'.repeat(120)}`), 'long name');
  writeFileSync(at('bin/owned'), 'x');
  chownSync(at('bin/owned'), 1000, 2000);
  chmodSync(at('bin/owned'), 0o4750);
  chmodSync(at('tmp'), 0o1777);
  writeFileSync(at('var/sparse'), 'begin');
  truncateSync(at('var/sparse'), 8 << 20);
  execFileSync('mkfifo', [at('var/spool/pipe')]);
  execFileSync('mknod', [at('dev/null'), 'c', '1', '3']);
  execFileSync('setfattr', ['-n', 'user.colour', '-v', 'blue', at('etc/passwd')]);
  execFileSync('setfattr', [
    '-n',
    'security.capability',
    '-v',
    '0x0100000200040000000000000000000000000000',
    at('bin/owned'),
  ]);
  settle(folder);
}

/** What a second layer does to it: adds, replaces, deletes, hides. */
export function makeSecondLayer(folder: string): void {
  const at = (...names: string[]): string => join(folder, ...names);
  for (const name of ['etc/keep', 'etc/replaced', 'lib', 'usr/new']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('etc/.wh.gone'), '');
  writeFileSync(at('etc/.wh.dangling'), '');
  writeFileSync(at('etc/keep/.wh..wh..opq'), '');
  writeFileSync(at('etc/keep/upper'), 'upper');
  writeFileSync(at('etc/replaced/inside'), 'a folder now');
  writeFileSync(at('usr/new/file'), 'new');
  settle(folder);
}

/** Whole seconds, and the same for everything: what a tar of any kind can hold. */
function settle(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path);
  }
  execFileSync('find', [folder, '-exec', 'touch', '-h', '-d', '@1700000000', '{}', '+']);
  lutimesSync(folder, 1700000000, 1700000000);
}
