import { type BrowserWindow, type IpcMainEvent, type IpcMainInvokeEvent, ipcMain } from 'electron';
import { Failure } from '../base/failure.ts';
import { channels, frameChannel } from '../contract/bridge.ts';
import type { ContractServer, Visitor } from '../ipc/contract-server.ts';
import { isOurPage } from './renderer-files.ts';

/** Connects the one window to the contract. Only its main frame, on our own page, is ever answered. */
export function wireWindow(window: BrowserWindow, server: ContractServer): void {
  const { webContents } = window;
  const visitor: Visitor = {
    frame: (streamId, frame) => {
      if (!webContents.isDestroyed()) webContents.send(frameChannel(streamId), frame);
    },
  };
  const trusted = (event: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    event.sender === webContents &&
    event.senderFrame !== null &&
    event.senderFrame === webContents.mainFrame &&
    isOurPage(event.senderFrame.url);
  const stranger = new Failure('usage', 'unknown-sender', 'request: not from the window');

  ipcMain.handle(channels.call, (event, name: unknown, input: unknown) =>
    trusted(event) ? server.call(name, input) : { ok: false, failure: stranger.toJSON() },
  );
  const onStream = (channel: string, receive: (id: unknown, ...rest: unknown[]) => void): void => {
    ipcMain.on(channel, (event, id: unknown, ...rest: unknown[]) => {
      if (trusted(event)) receive(id, ...rest);
    });
  };
  onStream(channels.open, (id, name, input) => server.open(visitor, id, name, input));
  onStream(channels.send, (id, message) => server.message(visitor, id, message));
  onStream(channels.close, (id) => server.close(visitor, id));

  webContents.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) server.leave(visitor);
  });
  webContents.on('render-process-gone', () => server.leave(visitor));
  window.on('closed', () => {
    server.leave(visitor);
    ipcMain.removeHandler(channels.call);
    for (const channel of [channels.open, channels.send, channels.close]) ipcMain.removeAllListeners(channel);
  });
}
