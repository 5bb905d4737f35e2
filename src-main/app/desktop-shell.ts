import { type BrowserWindow, clipboard, dialog, shell } from 'electron';
import { Failure } from '../base/failure.ts';
import type { Desktop } from '../ipc/services.ts';

/** The desktop as Electron reaches it; dialogs belong to the window given by `owner`. */
export function desktopShell(owner: () => BrowserWindow | undefined): Desktop {
  return {
    async pickFile(title) {
      const window = owner();
      const options: Electron.OpenDialogOptions = { title, properties: ['openFile', 'showHiddenFiles'] };
      const chosen = await (window === undefined
        ? dialog.showOpenDialog(options)
        : dialog.showOpenDialog(window, options));
      return chosen.filePaths[0] ?? null;
    },
    async openFolder(path) {
      const problem = await shell.openPath(path);
      if (problem !== '') throw new Failure('host', 'no-file-manager', `${path}: ${problem}`);
    },
    writeClipboard: (text) => clipboard.writeText(text),
    readClipboard: () => clipboard.readText(),
  };
}
