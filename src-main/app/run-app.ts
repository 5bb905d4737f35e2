import { homedir } from 'node:os';
import { join } from 'node:path';
import { app, type BrowserWindow, Notification, nativeTheme, session } from 'electron';
import { MachineFeed } from '../ipc/machine-feed.ts';
import { serveContract } from '../ipc/serve-contract.ts';
import type { Services } from '../ipc/services.ts';
import { installMenu } from './app-menu.ts';
import { declareAppScheme, serveRenderer } from './app-protocol.ts';
import { desktopShell } from './desktop-shell.ts';
import { denyNavigation, denyPermissions } from './lock-down.ts';
import { openMainWindow } from './main-window.ts';
import { SettingsFile } from './settings-file.ts';
import { wireWindow } from './window-wire.ts';

export interface AppFiles {
  /** The folder of the built window. */
  renderer: string;
  preload: string;
  icon: string;
}

/** What the app needs that is not of the desktop. */
export type MachineServices = Omit<Services, 'desktop' | 'settings'>;

/** Runs the desktop app: one window over `services`, one instance per user. */
export function runApp(files: AppFiles, services: () => MachineServices): void {
  app.setName('Bulkhead');
  app.setPath('userData', join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'bulkhead'));
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  // Chromium refuses to run as root with its sandbox; the page is still sandboxed by its own webPreferences.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  declareAppScheme();
  denyNavigation();
  let window: BrowserWindow | undefined;
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());
  void app.whenReady().then(() => {
    window = openApp(files, services());
  });
}

function openApp(files: AppFiles, services: MachineServices): BrowserWindow {
  denyPermissions(session.defaultSession);
  serveRenderer(session.defaultSession, files.renderer);
  installMenu();
  const settings = new SettingsFile(join(app.getPath('userData'), 'settings.json'));
  const followTheme = (): void => {
    nativeTheme.themeSource = settings.get().theme;
  };
  followTheme();
  settings.onChange(followTheme);
  const window = openMainWindow(files, settings);
  const feed = new MachineFeed(services.fleet);
  wireWindow(window, serveContract({ ...services, settings, desktop: desktopShell(() => window) }, feed));
  window.on('close', () => sayKeepsRunning(feed, settings));
  app.on('will-quit', () => feed.dispose());
  return window;
}

/** Once, when the window is closed over running machines: nothing was stopped. */
function sayKeepsRunning(feed: MachineFeed, settings: SettingsFile): void {
  const running = feed.all().filter(({ state }) => state === 'running' || state === 'paused').length;
  if (running === 0 || settings.get().keepsRunningSaid || !Notification.isSupported()) return;
  settings.change({ keepsRunningSaid: true });
  new Notification({
    title: running === 1 ? 'A machine keeps running' : `${running} machines keep running`,
    body: 'Closing the window stops nothing. Open Bulkhead again to see them.',
  }).show();
}
