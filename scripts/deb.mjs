// A Debian package of the unpacked app, by dpkg-deb from our own control files (resources/linux/debian), because
// electron-installer-debian leaves out libraries the program is linked to (libasound2, libcups2, libxkbcommon0), makes
// the window the command, and has no place for AppStream metadata.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const id = 'org.bulkhead.Bulkhead';
const iconSizes = [16, 24, 32, 48, 64, 128, 256, 512];

/** Every path under `folder`, folders before what is in them. */
function* tree(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    yield { path, stat };
    if (stat.isDirectory()) yield* tree(path);
  }
}

function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function link(stage, path, target) {
  mkdirSync(dirname(join(stage, path)), { recursive: true });
  symlinkSync(target, join(stage, path));
}

/** The file system as the package lays it out. */
function layOut(stage, root, app) {
  const linux = join(root, 'resources/linux');
  const share = join(stage, 'usr/share');
  place(app, join(stage, 'usr/lib/bulkhead'));
  place(join(linux, 'apparmor-profile'), join(stage, 'usr/lib/bulkhead/apparmor-profile'));
  link(stage, 'usr/bin/bulkhead', '../lib/bulkhead/bulkhead');
  link(stage, 'usr/bin/bulkhead-runtime', '../lib/bulkhead/bulkhead-runtime');
  link(stage, 'usr/bin/bulkhead-desktop', '../lib/bulkhead/bulkhead-desktop');
  place(join(linux, `${id}.desktop`), join(share, `applications/${id}.desktop`));
  place(join(linux, `${id}.metainfo.xml`), join(share, `metainfo/${id}.metainfo.xml`));
  place(join(linux, 'debian/copyright'), join(share, 'doc/bulkhead/copyright'));
  const icons = join(root, 'resources/icons');
  place(join(icons, 'bulkhead.svg'), join(share, `icons/hicolor/scalable/apps/${id}.svg`));
  for (const size of iconSizes) {
    const icon = join(icons, `bulkhead-${size}.png`);
    if (existsSync(icon)) place(icon, join(share, `icons/hicolor/${size}x${size}/apps/${id}.png`));
  }
}

/** The same modes whatever the builder's umask; only what is executable for someone is for everyone. */
function setModes(stage) {
  chmodSync(stage, 0o755);
  for (const { path, stat } of tree(stage)) {
    if (stat.isSymbolicLink()) continue;
    chmodSync(path, stat.isDirectory() || stat.mode & 0o111 ? 0o755 : 0o644);
  }
  // Chromium takes user namespaces where it may have them, and this helper, which has to be root's, where not.
  chmodSync(join(stage, 'usr/lib/bulkhead/chrome-sandbox'), 0o4755);
}

/** Debian policy 5.6.20: in KiB, each file and folder rounded up. */
function installedSize(stage) {
  let size = 0;
  for (const { stat } of tree(stage)) size += stat.isFile() ? Math.ceil(stat.size / 1024) : 1;
  return size;
}

function writeControl(stage, { root, version, maintainer, homepage }) {
  const source = join(root, 'resources/linux/debian');
  const size = installedSize(stage);
  const sums = [];
  for (const { path, stat } of tree(stage)) {
    if (!stat.isFile()) continue;
    sums.push(`${createHash('md5').update(readFileSync(path)).digest('hex')}  ${relative(stage, path)}\n`);
  }
  const facts = { version, maintainer, homepage, size: String(size) };
  const control = readFileSync(join(source, 'control'), 'utf8').replace(/@(\w+)@/g, (_all, name) => facts[name]);
  const folder = join(stage, 'DEBIAN');
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(join(folder, 'control'), control, { mode: 0o644 });
  writeFileSync(join(folder, 'md5sums'), sums.join(''), { mode: 0o644 });
  for (const script of ['postinst', 'prerm']) {
    cpSync(join(source, script), join(folder, script));
    chmodSync(join(folder, script), 0o755);
  }
}

/** The time of the commit, so that the same commit makes the same package. */
function sourceDate(root) {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * @param {{ root: string, app: string, deb: string, version: string, maintainer: string, homepage: string,
 *   quick: boolean }} what `app` is the unpacked app, `deb` the file to make, `quick` prefers a fast build to a small file.
 */
export function makeDeb(what) {
  const { root, app, deb } = what;
  const stage = join(dirname(deb), 'deb');
  rmSync(stage, { recursive: true, force: true });
  layOut(stage, root, app);
  setModes(stage);
  writeControl(stage, what);
  const date = process.env.SOURCE_DATE_EPOCH ?? sourceDate(root);
  // xz takes minutes to save a third of 123 MB; every dpkg still in use reads both.
  const compression = what.quick ? ['-Zgzip', '-z1'] : ['-Zxz'];
  const result = spawnSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, deb], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...(date ? { SOURCE_DATE_EPOCH: date } : {}) },
  });
  if (result.error) throw new Error(`dpkg-deb: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`dpkg-deb failed with exit status ${result.status}`);
  rmSync(stage, { recursive: true, force: true });
}
