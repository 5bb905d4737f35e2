import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { createTinyLinux, logIn, screenShows, typeLine } from '../ui/support/steps.ts';
import { apt, cannotInstall, installedPackages, makePackage, OrdinaryUser, root, traces } from './installed-app.ts';

const able = need('root', 'display', 'gcc');
const obstacle = able ? cannotInstall() : undefined;
let user: OrdinaryUser;
let deb = '';
let before: string[] = [];

beforeEach(({ skip }) => {
  if (obstacle !== undefined) skip(obstacle);
});

beforeAll(() => {
  if (!able || obstacle !== undefined) return;
  user = new OrdinaryUser();
  deb = makePackage();
  apt('purge', 'bulkhead');
  before = traces();
}, 900_000 * SLOWNESS);

afterAll(async () => {
  if (!able || obstacle !== undefined) return;
  await user.dispose();
  apt('purge', 'bulkhead');
}, 120_000 * SLOWNESS);

function control(field: string): string {
  return execFileSync('dpkg-deb', ['--field', deb, field], { encoding: 'utf8' }).trim();
}

function lines(command: string, ...args: string[]): string[] {
  return execFileSync(command, args, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

test('a build on the stand-in Electron says that it is not for release', () => {
  const note = join(root, 'dist/NOT-FOR-RELEASE.txt');
  const official = statSync(join(root, 'node_modules/electron/dist/electron'), { throwIfNoEntry: false });
  expect(control('Version').endsWith('+standin')).toBe(official === undefined);
  expect(statSync(note, { throwIfNoEntry: false }) !== undefined).toBe(official === undefined);
});

test('apt installs the package, and nothing else', { timeout: 180_000 * SLOWNESS }, () => {
  const packages = installedPackages();
  const { status, stderr } = apt('install', '--no-install-recommends', deb);
  expect(`${status} ${stderr}`).toMatch(/^0 /);
  expect(installedPackages().filter((name) => !packages.includes(name))).toEqual(['bulkhead']);
});

test('it depends on every library the program is linked to', () => {
  const depends = control('Depends').split(/[,|]/);
  const declared = new Set(depends.map((name) => name.trim().split(' ')[0]));
  const known = lines('/sbin/ldconfig', '-p');
  const needed = lines('ldd', '/usr/lib/bulkhead/bulkhead-desktop').filter((line) => line.includes('not found'));
  const direct = lines('objdump', '-p', '/usr/lib/bulkhead/bulkhead-desktop')
    .map((line) => /NEEDED\s+(\S+)/.exec(line)?.[1])
    .filter((name) => name !== undefined && name !== 'libffmpeg.so');
  for (const name of direct) {
    const path = known.find((line) => line.trim().startsWith(`${name} `) && line.includes('x86-64'))?.split(' => ')[1];
    const owner = path && lines('dpkg', '-S', `*/${basename(realpathSync(path))}`)[0]?.split(':')[0];
    if (owner === undefined || !declared.has(owner)) needed.push(`${name}: ${owner}`);
  }
  expect(needed).toEqual([]);
});

test('what is installed is root’s, and only root may change it', () => {
  const files = lines('dpkg', '-L', 'bulkhead').filter((path) => /bulkhead/i.test(path));
  expect(files.length).toBeGreaterThan(20);
  for (const path of files) {
    const { uid, gid, mode } = statSync(path);
    expect(`${path} ${uid} ${gid} ${mode & 0o022}`).toBe(`${path} 0 0 0`);
  }
  const setuid = files.filter((path) => (statSync(path).mode & 0o6000) !== 0);
  expect(setuid).toEqual(['/usr/lib/bulkhead/chrome-sandbox']);
  expect(lines('dpkg', '--verify', 'bulkhead')).toEqual([]);
});

test('the desktop finds its entry, its icon and its description', () => {
  const entry = readFileSync('/usr/share/applications/org.bulkhead.Bulkhead.desktop', 'utf8');
  expect(entry).toMatch(/^Exec=bulkhead-desktop$/m);
  expect(entry).toMatch(/^Icon=org\.bulkhead\.Bulkhead$/m);
  expect(statSync('/usr/share/icons/hicolor/scalable/apps/org.bulkhead.Bulkhead.svg').size).toBeGreaterThan(0);
  const metainfo = readFileSync('/usr/share/metainfo/org.bulkhead.Bulkhead.metainfo.xml', 'utf8');
  expect(metainfo).toContain('<launchable type="desktop-id">org.bulkhead.Bulkhead.desktop</launchable>');
});

test('the licences of what is bundled are beside it', () => {
  const licences = readFileSync('/usr/lib/bulkhead/LICENSES.npm.md', 'utf8');
  for (const name of ['koffi', 'v86', 'react-dom', '@mantine/core', '@xterm/xterm', 'zod']) {
    expect(licences).toContain(`## ${name}`);
  }
});

test('the command checks the host', () => {
  const { status, stdout } = user.bulkhead('host', 'check', '--json');
  const findings = JSON.parse(stdout) as { name: string; ok: boolean }[];
  expect(status).toBeLessThan(6);
  expect(findings.find(({ name }) => name === 'translating accelerator')?.ok).toBe(true);
});

test('NODE_OPTIONS changes nothing about the installed program', () => {
  const intruder = join(user.home, 'intruder.cjs');
  writeFileSync(intruder, 'console.log("intruder");');
  const { stdout } = user.run('/usr/bin/bulkhead', ['--version'], { NODE_OPTIONS: `--require ${intruder}` });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  expect(stdout).not.toContain('intruder');
});

test('the command boots Tiny Linux from the installed files', { timeout: 150_000 * SLOWNESS }, () => {
  expect(
    user.bulkhead('vm', 'create', 'from the command', '--guest', 'tiny-linux', '--accel', 'translated'),
  ).toMatchObject({ status: 0 });
  const started = user.bulkhead(
    'vm',
    'start',
    'from the command',
    '--wait-for',
    'login:',
    '--timeout',
    `${120 * SLOWNESS}`,
  );
  expect(started).toMatchObject({ status: 0 });
  const [machine] = JSON.parse(user.bulkhead('vm', 'list', '--json').stdout) as { state: string; pid: number }[];
  expect(machine?.state).toBe('running');
  expect(readFileSync(`/proc/${machine?.pid}/cmdline`, 'utf8').split('\0').slice(0, 2)).toEqual([
    '/usr/lib/bulkhead/bulkhead-desktop',
    '/usr/lib/bulkhead/resources/app.asar/out/main/vm-host.js',
  ]);
});

let page: Page;

test('the window opens in Chromium’s sandbox and lists the machine', { timeout: 60_000 * SLOWNESS }, async () => {
  page = await user.openWindow();
  await page
    .getByRole('button', { name: /from the command/ })
    .first()
    .waitFor();
  const renderer = user.processes().find((line) => line.includes('--type=renderer'));
  expect(renderer).toBeDefined();
  expect(user.processes().filter((line) => line.includes('--no-sandbox'))).toEqual([]);
});

test('from the wizard to an answered uname -a, installed', { timeout: 150_000 * SLOWNESS }, async () => {
  await createTinyLinux(page, 'from the window');
  await logIn(page);
  await typeLine(page, 'uname -a');
  await screenShows(page, /Linux tiny .*GNU\/Linux/s);
  const pictures = join(root, 'test-results/package');
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, 'installed.png') });
});

test('the window closed, both machines run on', async () => {
  await user.closeWindow();
  const machines = JSON.parse(user.bulkhead('vm', 'list', '--json').stdout) as { name: string; state: string }[];
  expect(machines.map(({ name, state }) => `${name}: ${state}`).sort()).toEqual([
    'from the command: running',
    'from the window: running',
  ]);
  for (const { name } of machines) expect(user.bulkhead('vm', 'kill', name)).toMatchObject({ status: 0 });
});

test('installed again over itself, it is the same', { timeout: 180_000 * SLOWNESS }, () => {
  expect(apt('install', '--no-install-recommends', '--reinstall', deb).status).toBe(0);
  expect(lines('dpkg', '--verify', 'bulkhead')).toEqual([]);
});

test('removed, nothing of it is left but people’s own machines', { timeout: 120_000 * SLOWNESS }, () => {
  expect(apt('purge', 'bulkhead').status).toBe(0);
  expect(traces()).toEqual(before);
  expect(user.processes()).toEqual([]);
  expect(statSync(join(user.home, 'data/bulkhead/machines')).isDirectory()).toBe(true);
});
