import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ElectronApplication, _electron as electron, type Page } from 'playwright-core';
import { beforeAll } from 'vitest';
import { enginePid } from '../../../src-main/docker-api/client/engine-process.ts';
import { MachineStore } from '../../../src-main/inventory/machine-store.ts';
import { type BulkheadPaths, bulkheadPaths } from '../../../src-main/inventory/paths.ts';
import { Fleet } from '../../../src-main/vmm/client/fleet.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { type Display, openDisplay } from './display.ts';

const root = resolve(import.meta.dirname, '../../..');
const shelf = join(root, 'test-results/ui');

/**
 * Playwright's own: the app's start waits until Playwright is connected. Without it, a window that opens in between makes
 * the launch hang, once in some hundred times on a busy computer. Told which Electron to run, Playwright leaves it out.
 */
const HOLDS_THE_START = join(root, 'node_modules/playwright-core/lib/server/electron/loader.js');
/** The same for an installed app, which takes no such option: it is launched once more. */
const LAUNCHES = 2;

/** What to run: this clone, or an installed app named by `BULKHEAD_APP` (its executable). */
function target(): { executablePath: string; args: string[] } {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const installed = process.env.BULKHEAD_APP;
  if (installed) return { executablePath: installed, args: sandbox };
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  // The tests run by Electron as Node, which is the Electron to test as well.
  const executablePath = dist ? join(dist, 'electron') : process.execPath;
  return { executablePath, args: ['-r', HOLDS_THE_START, process.env.BULKHEAD_BUILD ?? root, ...sandbox] };
}

/** One user's computer: folders of its own, a display, and the window when it is open. */
export class Computer {
  /** There from before the first test on, and not made where none is run. */
  readonly home = join(tmpdir(), `bulkhead-ui-${randomBytes(4).toString('hex')}`);
  private display: Display | undefined;
  private app: ElectronApplication | undefined;
  private readonly paths: BulkheadPaths;
  readonly fleet: Fleet;

  constructor() {
    beforeAll(() => {
      for (const folder of Object.values(this.folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    });
    this.paths = bulkheadPaths(this.env());
    this.fleet = new Fleet(new MachineStore(this.paths));
  }

  /** Opens the app; settles once its first page is drawn. */
  async openWindow(): Promise<Page> {
    this.display ??= await openDisplay();
    this.app = await this.launch();
    const page = await this.app.firstWindow();
    page.setDefaultTimeout(15_000 * SLOWNESS);
    await page.locator('nav').waitFor();
    return page;
  }

  private async launch(): Promise<ElectronApplication> {
    for (let left = LAUNCHES; ; ) {
      try {
        return await electron.launch({ ...target(), env: this.env(), timeout: 25_000 * SLOWNESS });
      } catch (error) {
        if (--left === 0) throw error;
        process.stderr.write(`the app is launched once more: ${error}\n`);
      }
    }
  }

  get electron(): ElectronApplication {
    if (this.app === undefined) throw new Error('the window is not open');
    return this.app;
  }

  /** What the next file dialogs answer: the file to open, or to save as. */
  async chooseFile(filePath: string): Promise<void> {
    await this.electron.evaluate(({ dialog }, path) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
    }, filePath);
  }

  async closeWindow(): Promise<void> {
    await this.app?.close();
    this.app = undefined;
  }

  /** Ends the app's main process without a word. */
  async killWindow(): Promise<void> {
    const app = this.electron.process();
    const gone = new Promise((resolve) => app.once('exit', resolve));
    app.kill('SIGKILL');
    await gone;
    this.app = undefined;
  }

  /** Closes everything, and ends the machines still running and the container engine. */
  async dispose(): Promise<void> {
    await this.closeWindow().catch(() => undefined);
    const engine = enginePid(this.paths.engine);
    if (engine !== undefined) process.kill(engine, 'SIGTERM');
    for (const { id, state } of await this.fleet.list()) {
      if (state !== 'stopped' && state !== 'crashed' && state !== 'broken')
        await this.fleet.kill(id).catch(() => undefined);
    }
    this.display?.dispose();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Where its programs keep what is the user's. */
  get folders() {
    return {
      XDG_DATA_HOME: join(this.home, 'data'),
      XDG_RUNTIME_DIR: join(this.home, 'run'),
      XDG_CONFIG_HOME: join(this.home, 'config'),
      /** Chromium's, which leaves things there when it is killed. */
      TMPDIR: join(this.home, 'tmp'),
    };
  }

  private env(): Record<string, string> {
    const { ELECTRON_RUN_AS_NODE: _node, NODE_OPTIONS: _options, ...inherited } = process.env;
    const own = {
      ...this.folders,
      ...(this.display === undefined ? {} : { DISPLAY: this.display.name }),
    };
    return { ...(inherited as Record<string, string>), ...own };
  }
}

/** Keeps a picture of the page for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(shelf, { recursive: true });
  await page.screenshot({ path: join(shelf, `${name}.png`), animations: 'disabled' });
}

/** Keeps a picture of the page in each scheme, after which `look` may look at it too. */
export async function pictures(page: Page, name: string, look?: (named: string) => Promise<void>): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator(`:root[data-mantine-color-scheme="${scheme}"]`).waitFor({ state: 'attached' });
    await page.waitForTimeout(250);
    await picture(page, `${name}-${scheme}`);
    await look?.(`${name}-${scheme}`);
  }
}

export type { Page };
