import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { WebglAddon } from '@xterm/addon-webgl';
import { type ITheme, Terminal } from '@xterm/xterm';
import { stream } from '../../api/bridge.ts';
import { Replay } from './replay.ts';

export const terminalColors: ITheme = {
  background: '#0a141c',
  foreground: '#d6e2ea',
  cursor: '#5cd0f0',
  cursorAccent: '#0a141c',
  selectionBackground: '#2d5a73',
  black: '#24333e',
  red: '#ff7a70',
  green: '#5fd38a',
  yellow: '#f0b74a',
  blue: '#6cb6ff',
  magenta: '#c79bf2',
  cyan: '#5cd0f0',
  white: '#d6e2ea',
  brightBlack: '#7a8f9d',
  brightRed: '#ffa198',
  brightGreen: '#8ae6ac',
  brightYellow: '#ffd17d',
  brightBlue: '#9dceff',
  brightMagenta: '#dcbcfa',
  brightCyan: '#94e3f9',
  brightWhite: '#ffffff',
};

export interface ConsoleListeners {
  /** Whether a running machine is at the other end. */
  onAttached(attached: boolean): void;
  /** A shortcut of ours was pressed inside the terminal. */
  onKey(key: 'copy' | 'paste' | 'search' | 'release'): void;
  onSearch(result: { index: number; count: number }): void;
}

export interface ConsoleTerminal {
  readonly terminal: Terminal;
  readonly search: SearchAddon;
  /** Types text, as pasted. */
  paste(text: string): void;
  dispose(): void;
}

/** A terminal in `element` on the serial console of machine `id`, for as long as it is not disposed. */
export function openTerminal(element: HTMLElement, id: string, listeners: ConsoleListeners): ConsoleTerminal {
  const terminal = new Terminal({
    theme: terminalColors,
    fontFamily: getComputedStyle(element).getPropertyValue('--mantine-font-family-monospace'),
    fontSize: 13,
    lineHeight: 1.15,
    scrollback: 10_000,
    cursorBlink: true,
    allowProposedApi: true,
    macOptionIsMeta: false,
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.open(element);
  if (hasGraphicsCard()) drawByWebgl(terminal);
  fit.fit();
  const resized = new ResizeObserver(() => fit.fit());
  resized.observe(element);
  search.onDidChangeResults(({ resultIndex, resultCount }) =>
    listeners.onSearch({ index: resultIndex, count: resultCount }),
  );
  terminal.attachCustomKeyEventHandler((event) => takesKey(event, listeners));

  const replay = new Replay();
  const link = stream(
    'machine.console',
    { id },
    {
      onItem: (item) => {
        if (item.kind === 'bytes') {
          const drawn = (): void => link.send({ kind: 'drawn', bytes: item.bytes.length });
          const old = replay.taken(item.bytes.length);
          if (old > 0) terminal.write(item.bytes.subarray(0, old), () => replay.parsed(old));
          terminal.write(item.bytes.subarray(old), drawn);
          return;
        }
        if (item.kind === 'attached') {
          terminal.reset();
          replay.begin(item.replay);
        }
        listeners.onAttached(item.kind === 'attached');
      },
      onEnd: () => listeners.onAttached(false),
    },
  );
  element.addEventListener('keydown', () => replay.end(), { capture: true });
  const encoder = new TextEncoder();
  terminal.onData((text) => {
    if (!replay.active) link.send({ kind: 'input', bytes: encoder.encode(text) });
  });
  terminal.onBinary((text) => link.send({ kind: 'input', bytes: Uint8Array.from(text, (c) => c.charCodeAt(0)) }));
  return {
    terminal,
    search,
    paste: (text) => {
      replay.end();
      terminal.paste(text);
    },
    dispose: () => {
      link.close();
      resized.disconnect();
      terminal.dispose();
    },
  };
}

/** False for keys that are the window's: xterm.js then leaves them alone. */
function takesKey(event: KeyboardEvent, listeners: ConsoleListeners): boolean {
  if (!event.ctrlKey || !event.shiftKey || event.altKey) return true;
  const own = { c: 'copy', v: 'paste', f: 'search', escape: 'release' } as const;
  const key = own[event.key.toLowerCase() as keyof typeof own];
  if (key !== undefined && event.type === 'keydown') {
    event.preventDefault();
    listeners.onKey(key);
  }
  return false;
}

/** Drawing by WebGL on a processor is slower than drawing by the DOM. */
function hasGraphicsCard(): boolean {
  const gl = document.createElement('canvas').getContext('webgl2');
  const names = gl?.getExtension('WEBGL_debug_renderer_info');
  if (!gl || !names) return false;
  const renderer = String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return !/swiftshader|llvmpipe|software/i.test(renderer);
}

function drawByWebgl(terminal: Terminal): void {
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch {
    // The DOM renderer, which is there already, goes on.
  }
}
