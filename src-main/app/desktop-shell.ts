import { type BrowserWindow, clipboard, dialog, shell } from 'electron';
import { Failure } from '../base/failure.ts';
import type { Desktop } from '../ipc/services.ts';

/** The desktop as Electron reaches it; dialogs belong to the window given by `owner`. */
export function desktopShell(owner: () => BrowserWindow | undefined): Desktop {
  const pick = async (options: Electron.OpenDialogOptions): Promise<string | null> => {
    const window = owner();
    const chosen = await (window === undefined
      ? dialog.showOpenDialog(options)
      : dialog.showOpenDialog(window, options));
    return chosen.filePaths[0] ?? null;
  };
  return {
    pickFile: (title) => pick({ title, properties: ['openFile', 'showHiddenFiles'] }),
    pickFolder: (title) => pick({ title, properties: ['openDirectory', 'createDirectory'] }),
    async saveFile(title, name) {
      const window = owner();
      const options: Electron.SaveDialogOptions = {
        title,
        defaultPath: name,
        properties: ['showOverwriteConfirmation'],
      };
      const chosen = await (window === undefined
        ? dialog.showSaveDialog(options)
        : dialog.showSaveDialog(window, options));
      return chosen.canceled || chosen.filePath === '' ? null : chosen.filePath;
    },
    async openFolder(path) {
      const problem = await shell.openPath(path);
      if (problem !== '') throw new Failure('host', 'no-file-manager', `${path}: ${problem}`);
    },
    async openPage(url) {
      try {
        await shell.openExternal(url.href);
      } catch (error) {
        throw new Failure('host', 'no-browser', `${url.href}: no browser could be opened: ${(error as Error).message}`);
      }
    },
    writeClipboard: (text) => clipboard.writeText(text),
    readClipboard: () => clipboard.readText(),
  };
}
