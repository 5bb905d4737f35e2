import { BrowserWindow, nativeTheme, screen } from 'electron';
import { appOrigin } from './renderer-files.ts';
import type { SettingsFile, WindowBounds } from './settings-file.ts';

const smallest = { width: 900, height: 600 };
const first = { width: 1240, height: 820 };

export interface WindowFiles {
  preload: string;
  icon: string;
}

/** Opens the window where and as large as it was last time. */
export function openMainWindow(files: WindowFiles, settings: SettingsFile): BrowserWindow {
  const remembered = settings.windowBounds;
  const window = new BrowserWindow({
    ...first,
    ...(remembered === undefined ? {} : visible(remembered)),
    minWidth: smallest.width,
    minHeight: smallest.height,
    title: 'Bulkhead',
    icon: files.icon,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0d1720' : '#f4f7f9',
    webPreferences: {
      preload: files.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      // A throttled hidden window would stop acknowledging console output.
      backgroundThrottling: false,
    },
  });
  if (remembered?.maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('close', () => settings.rememberWindow(boundsOf(window)));
  void window.loadURL(`${appOrigin}/`);
  return window;
}

function boundsOf(window: BrowserWindow): WindowBounds {
  return { ...window.getNormalBounds(), maximized: window.isMaximized() };
}

/** The remembered size; the place too if a screen still shows it. */
function visible(bounds: WindowBounds): { width: number; height: number; x?: number; y?: number } {
  const { x, y, width, height } = bounds;
  if (x === undefined || y === undefined) return { width, height };
  const area = screen.getDisplayMatching({ x, y, width, height }).workArea;
  const inside =
    x < area.x + area.width - 100 && x + width > area.x + 100 && y >= area.y && y < area.y + area.height - 50;
  return inside ? { width, height, x, y } : { width, height };
}
