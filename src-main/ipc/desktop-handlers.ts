import type { CallHandlers, StreamHandlers } from './contract-server.ts';
import type { Desktop, SettingsStore } from './services.ts';

const titles = {
  kernel: 'Choose a Linux kernel',
  initrd: 'Choose an initial RAM disk',
  disk: 'Choose a disk image',
  cdrom: 'Choose a CD image',
  share: 'Choose a folder to share',
};

type DesktopCall =
  | 'dialog.pickFile'
  | 'dialog.pickFolder'
  | 'clipboard.write'
  | 'clipboard.read'
  | 'app.changeSettings';

export function desktopCalls(desktop: Desktop, settings: SettingsStore): Pick<CallHandlers, DesktopCall> {
  return {
    'dialog.pickFile': ({ purpose }) => desktop.pickFile(titles[purpose]),
    'dialog.pickFolder': ({ purpose }) => desktop.pickFolder(titles[purpose]),
    'clipboard.write': ({ text }) => {
      desktop.writeClipboard(text);
      return undefined;
    },
    'clipboard.read': () => desktop.readClipboard(),
    'app.changeSettings': (patch) => {
      const given = Object.entries(patch).filter(([, value]) => value !== undefined);
      settings.change(Object.fromEntries(given));
      return undefined;
    },
  };
}

export function desktopStreams(settings: SettingsStore): Pick<StreamHandlers, 'app.settings'> {
  return {
    'app.settings': (_nothing, sink) => {
      sink.emit(settings.get());
      return settings.onChange((changed) => sink.emit(changed));
    },
  };
}
