import { IconPlugConnectedX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { MachineSummary } from '../../../src-main/contract/machine.ts';
import { startAction } from '../../actions/machine-actions.ts';
import { call } from '../../api/bridge.ts';
import { Keys } from '../../components/keys.tsx';
import { en } from '../../locales/en.ts';
import { ActionButton } from './action-button.tsx';
import classes from './console.module.css';
import { ConsoleSearch } from './console-search.tsx';
import { type ConsoleTerminal, openTerminal } from './terminal.ts';

export function ConsoleTab({ machine }: { machine: MachineSummary }) {
  const box = useRef<HTMLDivElement>(null);
  const footer = useRef<HTMLButtonElement>(null);
  const opened = useRef<ConsoleTerminal | undefined>(undefined);
  const [attached, setAttached] = useState(false);
  const [everAttached, setEverAttached] = useState(false);
  const [searching, setSearching] = useState(false);
  const [found, setFound] = useState({ index: -1, count: 0 });

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const console = openTerminal(element, machine.id, {
      onAttached: (now) => {
        setAttached(now);
        if (!now) return;
        setEverAttached(true);
        opened.current?.terminal.focus();
      },
      onKey: (key) => {
        if (key === 'copy') copySelection(opened.current);
        else if (key === 'paste') void pasteInto(opened.current);
        else if (key === 'search') setSearching(true);
        else footer.current?.focus();
      },
      onSearch: setFound,
    });
    opened.current = console;
    return () => {
      opened.current = undefined;
      console.dispose();
    };
  }, [machine.id]);

  const closeSearch = (): void => {
    setSearching(false);
    opened.current?.search.clearDecorations();
    opened.current?.terminal.focus();
  };
  return (
    <div className={classes.console}>
      {searching && (
        <ConsoleSearch found={found} onFind={(term, back) => find(opened.current, term, back)} onClose={closeSearch} />
      )}
      <section className={classes.screen} aria-label={en.console.terminal} data-attached={attached}>
        <div ref={box} className={classes.terminal} />
        {!attached && <Off machine={machine} stale={everAttached} />}
      </section>
      <footer className={classes.foot}>
        <button
          ref={footer}
          type="button"
          className={classes.released}
          onClick={() => opened.current?.terminal.focus()}
        >
          <Keys shortcut={en.console.releaseKey} /> {en.console.release}
        </button>
        <span>
          <Keys shortcut={en.console.copyKey} /> {en.console.copy}
        </span>
        <span>
          <Keys shortcut={en.console.pasteKey} /> {en.console.paste}
        </span>
        <button type="button" onClick={() => setSearching(true)}>
          <Keys shortcut={en.console.searchKey} /> {en.console.search}
        </button>
      </footer>
    </div>
  );
}

/** Over the terminal while no machine is behind it; what was printed before stays visible. */
function Off({ machine, stale }: { machine: MachineSummary; stale: boolean }) {
  const starting = machine.state === 'starting';
  if (machine.state !== 'stopped' && machine.state !== 'crashed' && !starting) return null;
  return (
    <div className={classes.off} data-stale={stale}>
      {!stale && <IconPlugConnectedX size={40} stroke={1.2} aria-hidden="true" />}
      <strong>{starting ? en.console.starting : en.console.off}</strong>
      <span>{stale ? en.console.stale : en.console.offText}</span>
      <ActionButton action={startAction} machine={machine} first />
    </div>
  );
}

function copySelection(console: ConsoleTerminal | undefined): void {
  const text = console?.terminal.getSelection() ?? '';
  if (text !== '') void call('clipboard.write', { text });
}

async function pasteInto(console: ConsoleTerminal | undefined): Promise<void> {
  const text = await call('clipboard.read');
  console?.paste(text);
}

const decorations = {
  matchBackground: '#7a5200',
  activeMatchBackground: '#c98500',
  matchOverviewRuler: '#f0a63a',
  activeMatchColorOverviewRuler: '#ffffff',
};

function find(console: ConsoleTerminal | undefined, term: string, back: boolean): void {
  if (back) console?.search.findPrevious(term, { decorations });
  else console?.search.findNext(term, { decorations });
}
