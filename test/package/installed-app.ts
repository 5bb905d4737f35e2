import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { SLOWNESS } from '../support/slowness.ts';
import { type Display, openDisplay } from '../ui/support/display.ts';

export const root = resolve(import.meta.dirname, '../..');

/** The user `nobody` of Debian: installed by root, the app is used by someone who is not. */
const nobody = { uid: 65_534, gid: 65_534 };

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes the packages, or finds them made; gives the .deb's path. */
export function makePackage(): string {
  const { status, stdout, stderr } = spawnSync('node', [join(root, 'scripts/dist.mjs')], {
    cwd: root,
    encoding: 'utf8',
    env: programEnv(),
  });
  if (status !== 0) throw new Error(`npm run dist failed:\n${stderr}`);
  return stdout.trim().split('\n').at(-1) ?? '';
}

export function apt(...args: string[]): Said {
  const env = { ...programEnv(), DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-y', '-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { encoding: 'utf8', env });
}

/** Why the package cannot be installed here; undefined when it can. What an earlier run left behind is no reason. */
export function cannotInstall(): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'needs apt';
  const status = spawnSync('dpkg-query', ['--status', 'bulkhead'], { encoding: 'utf8' }).stdout;
  if (!/^Status: .* installed$/m.test(status) || /^Version: .*\+standin$/m.test(status)) return undefined;
  return 'needs a computer Bulkhead is not installed on';
}

export function installedPackages(): string[] {
  const listed = execFileSync('dpkg', ['--get-selections'], { encoding: 'utf8' }).split('\n');
  return listed.filter((line) => line.endsWith('\tinstall')).map((line) => line.split('\t')[0] ?? '');
}

/** Everything on this computer outside people's own folders that has Bulkhead's name. */
export function traces(): string[] {
  const places = ['/usr', '/etc', '/opt', '/var/lib', '/var/cache'];
  const args = [...places, '-xdev', '-path', root, '-prune', '-o', '-iname', '*bulkhead*', '-print'];
  return execFileSync('find', args, { encoding: 'utf8' }).split('\n').filter(Boolean).sort();
}

function programEnv(): NodeJS.ProcessEnv {
  const { ELECTRON_RUN_AS_NODE: _node, NODE_OPTIONS: _options, ...env } = process.env;
  return env;
}

/** An ordinary user of this computer, with a home and a display of their own. */
export class OrdinaryUser {
  readonly home = mkdtempSync(join(tmpdir(), 'bulkhead-user-'));
  private readonly env: NodeJS.ProcessEnv;
  private display: Display | undefined;
  private app: ChildProcess | undefined;
  private browser: Browser | undefined;

  constructor() {
    const folder = (name: string): string => join(this.home, name);
    for (const name of ['data', 'run', 'config']) mkdirSync(folder(name), { mode: 0o700 });
    for (const name of ['', 'data', 'run', 'config']) chownSync(folder(name), nobody.uid, nobody.gid);
    this.env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: this.home,
      XDG_DATA_HOME: folder('data'),
      XDG_RUNTIME_DIR: folder('run'),
      XDG_CONFIG_HOME: folder('config'),
    };
  }

  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Said {
    const options = { ...nobody, cwd: '/', encoding: 'utf8', env: { ...this.env, ...env } } as const;
    return spawnSync(command, args, options);
  }

  bulkhead(...args: string[]): Said {
    return this.run('/usr/bin/bulkhead', args);
  }

  /**
   * Opens the app as the desktop does, and looks at its page over the DevTools protocol: Playwright's own way into
   * Electron is Node's inspector, which the fuses keep shut.
   */
  async openWindow(): Promise<Page> {
    this.display ??= await openDisplay();
    const app = spawn('/usr/bin/bulkhead-desktop', ['--remote-debugging-port=0'], {
      ...nobody,
      cwd: '/',
      env: { ...this.env, DISPLAY: this.display.name },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.app = app;
    const address = await devToolsAddress(app);
    await pageDrawn(address);
    this.browser = await chromium.connectOverCDP(address);
    const context = this.browser.contexts()[0]!;
    const page = context.pages()[0] ?? (await context.waitForEvent('page'));
    page.setDefaultTimeout(30_000 * SLOWNESS);
    await page.locator('nav').waitFor();
    return page;
  }

  /** The user's processes of the installed app, by their command lines. */
  processes(): string[] {
    const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return ids.map(commandLineOf).filter((line) => line.includes('/usr/lib/bulkhead/'));
  }

  async closeWindow(): Promise<void> {
    const { app } = this;
    this.app = undefined;
    await this.browser?.close();
    if (app === undefined || app.exitCode !== null || app.signalCode !== null) return;
    const gone = new Promise((resolved) => app.once('exit', resolved));
    app.kill('SIGTERM');
    await gone;
  }

  async dispose(): Promise<void> {
    await this.closeWindow();
    this.display?.dispose();
    // The command may be gone by now; VM hosts end cleanly on SIGTERM.
    for (const machine of readdirSync(join(this.home, 'run'), { recursive: true, encoding: 'utf8' })) {
      if (basename(machine) !== 'host.pid') continue;
      process.kill(Number(readFileSync(join(this.home, 'run', machine), 'utf8')), 'SIGTERM');
    }
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** What Chromium says on stderr once its DevTools listen. */
function devToolsAddress(app: ChildProcess): Promise<string> {
  return new Promise((resolved, reject) => {
    const said: string[] = [];
    createInterface(app.stderr!).on('line', (line) => {
      said.push(line);
      const address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolved(address);
    });
    app.once('error', reject);
    app.once('exit', (code) => reject(new Error(`the app ended with ${code}:\n${said.join('\n')}`)));
  });
}

/** Settles once the page has come to its first route: a debugger that attaches while it loads may never be answered. */
async function pageDrawn(address: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  const list = `http://${new URL(address).host}/json/list`;
  for (;;) {
    const targets = (await (await fetch(list)).json()) as { type: string; url: string }[];
    if (targets.some(({ type, url }) => type === 'page' && url.includes('#/'))) return;
    if (performance.now() > deadline) throw new Error(`the page does not come up: ${JSON.stringify(targets)}`);
    await delay(50);
  }
}

/** Of a process of the ordinary user's; empty for others and for what has ended meanwhile. */
function commandLineOf(id: string): string {
  try {
    if (statSync(`/proc/${id}`).uid !== nobody.uid) return '';
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
