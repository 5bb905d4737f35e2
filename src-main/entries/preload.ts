import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { type Bridge, channels, frameChannel, type StreamFrame } from '../contract/bridge.ts';

let lastStream = 0;

const bridge: Bridge = {
  call: (name, input) => ipcRenderer.invoke(channels.call, name, input),

  stream(name, input, onFrame) {
    lastStream += 1;
    const id = lastStream;
    const channel = frameChannel(id);
    const listener = (_event: unknown, frame: StreamFrame): void => {
      if (frame.kind === 'end') ipcRenderer.off(channel, listener);
      onFrame(frame);
    };
    ipcRenderer.on(channel, listener);
    ipcRenderer.send(channels.open, id, name, input);
    return {
      send: (message) => ipcRenderer.send(channels.send, id, message),
      close: () => {
        ipcRenderer.off(channel, listener);
        ipcRenderer.send(channels.close, id);
      },
    };
  },

  pathOf: (file) => webUtils.getPathForFile(file),
};

contextBridge.exposeInMainWorld('bulkhead', bridge);
