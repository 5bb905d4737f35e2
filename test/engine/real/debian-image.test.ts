/** An image of a whole distribution, as people have them: Debian's own, made by debootstrap. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealEngine } from '../../support/engine/real-engine.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

/** Fetching and configuring what is required of Debian. */
const INSTALL_MS = 900_000 * SLOWNESS;

const able = need('root', 'docker', 'debootstrap');
const { home, env } = temporaryHome();
const engine = new RealEngine(home, env);
const { say } = engine.client;

beforeAll(async () => {
  if (!able) return;
  const root = join(home, 'root');
  try {
    execFileSync('debootstrap', ['--variant=minbase', 'bookworm', root], { stdio: ['ignore', 'ignore', 'inherit'] });
  } finally {
    spawnSync('umount', ['-R', join(root, 'proc')]);
    spawnSync('umount', ['-R', join(root, 'sys')]);
  }
  const archive = join(home, 'root.tar');
  execFileSync('tar', ['--numeric-owner', '-C', root, '-cf', archive, '.']);
  await engine.start();
  await say('import', archive, 'debian');
}, INSTALL_MS);
afterAll(() => engine.dispose());

test('Debian from debootstrap: its packages are whole, and one user’s change is in a commit', {
  tags: ['long'],
}, async () => {
  expect(await say('run', '--rm', '--network', 'none', 'debian', 'dpkg', '--audit')).toBe('');
  expect(await say('run', '--rm', '--network', 'none', 'debian', 'dpkg', '--verify')).toBe('');
  expect(await say('run', '--rm', 'debian', 'cat', '/etc/debian_version')).toMatch(/^12\./);
  await say('run', '--name', 'changed', '--network', 'none', 'debian', 'useradd', '-m', 'anna');
  await say('commit', 'changed', 'with-anna');
  expect(
    await say('run', '--rm', '--network', 'none', '--user', 'anna', 'with-anna', 'sh', '-c', 'id -un; ls -d ~anna'),
  ).toBe('anna\n/home/anna');
});
