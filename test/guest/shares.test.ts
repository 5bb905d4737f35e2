import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;

describe('host folders on the translating accelerator', () => {
  let hosts: VmHosts;
  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts.close());

  test('files go both ways, and stay within the folder', { timeout: LONG_MS }, async () => {
    const folder = join(hosts.folder, 'to share');
    const docs = join(hosts.folder, 'docs');
    mkdirSync(folder);
    mkdirSync(docs);
    writeFileSync(join(folder, 'from-host'), 'written on the host\n');
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) & 0xff));
    writeFileSync(join(folder, 'big'), bytes);
    writeFileSync(join(docs, 'read-me'), 'only read\n');
    const made = await hosts.commandLine(
      ...['vm', 'create', 'sharing', '--guest', 'tiny-linux', '--memory', '96M', '--accel', 'translated'],
      ...['--share', `${folder}:work`, '--share', `${docs}:docs,readonly`, '--json'],
    );
    expect(made.stderr).toBe('');
    const { id } = JSON.parse(made.stdout) as { id: string };
    await hosts.fleet.start(id);
    const shell = new GuestShell(hosts, id);
    await shell.logIn();
    await shell.answer('mkdir /w /d');
    await shell.answer('mount -t 9p -o trans=virtio,version=9p2000.L work /w');
    await shell.answer('mount -t 9p -o trans=virtio,version=9p2000.L docs /d');
    expect(await shell.answer('cat /w/from-host /d/read-me')).toBe('written on the host\nonly read');
    expect(await shell.answer('ls /w')).toBe('big        from-host');

    await shell.answer(
      'mkdir /w/tree; cp /w/big /w/tree/copy; cp -a /etc /w/tree/; ln -s ../from-host /w/tree/link; sync',
    );
    expect(readFileSync(join(folder, 'tree/copy')).equals(bytes)).toBe(true);
    expect(readFileSync(join(folder, 'tree/etc/passwd'), 'utf8')).toContain('root:');
    expect(await shell.answer('cat /w/tree/link; md5sum /w/big /w/tree/copy | cut -c-32 | uniq | wc -l')).toBe(
      'written on the host\n1',
    );
    await shell.answer('mv /w/tree/copy /w/moved; echo more >>/w/from-host; rm -r /w/tree/etc');
    expect(existsSync(join(folder, 'tree/etc'))).toBe(false);
    expect(readFileSync(join(folder, 'from-host'), 'utf8')).toBe('written on the host\nmore\n');
    writeFileSync(join(folder, 'later'), 'while it runs\n');
    expect(await shell.answer('cat /w/later')).toBe('while it runs');

    expect(await shell.answer('echo x 2>&1 >/d/read-me')).toMatch(/Read-only|read-only/);
    expect(readFileSync(join(docs, 'read-me'), 'utf8')).toBe('only read\n');
    expect(await shell.answer('ls -a /w/.. | grep -c docs')).toBe('0');
    expect(await shell.answer('dmesg | grep -iE "9p" | grep -icE "warn|error|fail"')).toBe('0');
    expect(await shell.answer('umount /w && umount /d && echo both')).toBe('both');
  });
});
