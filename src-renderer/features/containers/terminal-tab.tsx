import { Button } from '@mantine/core';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef, useState } from 'react';
import type { ContainerSummary } from '../../../src-main/contract/container.ts';
import { call, stream } from '../../api/bridge.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { Keys } from '../../components/keys.tsx';
import { en } from '../../locales/en.ts';
import consoleClasses from '../machine/console.module.css';
import { terminalColors } from '../machine/terminal.ts';
import classes from './containers.module.css';

/** A shell in a running container. */
export function TerminalTab({ container }: { container: ContainerSummary }) {
  const box = useRef<HTMLDivElement>(null);
  const foot = useRef<HTMLButtonElement>(null);
  const [round, setRound] = useState(0);
  const [ended, setEnded] = useState<{ message?: string } | undefined>(undefined);
  const { id, state } = container;
  const running = state === 'running';

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a new shell
  useEffect(() => {
    const element = box.current;
    if (element === null || !running) return;
    setEnded(undefined);
    const shell = openShell(element, id, {
      onEnd: (message) => setEnded(message === undefined ? {} : { message }),
      onRelease: () => foot.current?.focus(),
    });
    return () => shell.dispose();
  }, [id, running, round]);

  if (!running) return <p className={classes.quiet}>{en.containers.terminalOff}</p>;
  return (
    <div className={consoleClasses.console}>
      {ended?.message !== undefined && <FailureBanner title={en.containers.terminalFailed} message={ended.message} />}
      <section
        className={consoleClasses.screen}
        aria-label={en.containers.tabs.terminal}
        data-attached={ended === undefined}
      >
        <div ref={box} className={consoleClasses.terminal} />
      </section>
      <footer className={consoleClasses.foot}>
        <button ref={foot} type="button" className={consoleClasses.released}>
          <Keys shortcut={en.console.releaseKey} /> {en.console.release}
        </button>
        {ended !== undefined && (
          <Button size="compact-sm" variant="default" onClick={() => setRound(round + 1)}>
            {en.containers.newShell}
          </Button>
        )}
      </footer>
    </div>
  );
}

interface ShellListeners {
  onEnd(message: string | undefined): void;
  onRelease(): void;
}

function openShell(element: HTMLElement, id: string, listeners: ShellListeners): { dispose(): void } {
  const terminal = new Terminal({
    theme: terminalColors,
    fontFamily: getComputedStyle(element).getPropertyValue('--mantine-font-family-monospace'),
    fontSize: 13,
    lineHeight: 1.15,
    scrollback: 10_000,
    cursorBlink: true,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  const link = stream(
    'container.terminal',
    { id },
    {
      onItem: ({ bytes }) => terminal.write(bytes, () => link.send({ kind: 'drawn', bytes: bytes.length })),
      onEnd: (failure) => listeners.onEnd(failure?.message),
    },
  );
  const encoder = new TextEncoder();
  terminal.onData((text) => link.send({ kind: 'input', bytes: encoder.encode(text) }));
  terminal.onResize(({ cols, rows }) => link.send({ kind: 'resize', columns: cols, rows }));
  terminal.attachCustomKeyEventHandler((event) => {
    if (!event.ctrlKey || !event.shiftKey) return true;
    if (event.type === 'keydown') {
      const key = event.key.toLowerCase();
      if (key === 'c') void call('clipboard.write', { text: terminal.getSelection() });
      else if (key === 'v') void call('clipboard.read').then((text) => terminal.paste(text));
      else if (key === 'escape') listeners.onRelease();
      else return true;
      event.preventDefault();
    }
    return false;
  });
  fit.fit();
  link.send({ kind: 'resize', columns: terminal.cols, rows: terminal.rows });
  const resized = new ResizeObserver(() => fit.fit());
  resized.observe(element);
  terminal.focus();
  return {
    dispose: () => {
      link.close();
      resized.disconnect();
      terminal.dispose();
    },
  };
}
