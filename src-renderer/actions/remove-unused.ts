import { call } from '../api/bridge.ts';
import { bytes } from '../locales/amounts.ts';
import { en } from '../locales/en.ts';
import { complain } from './complain.ts';
import { confirm } from './confirm.ts';
import { say } from './say.ts';

const text = en.unused;

/** Asks, naming what goes, and has the engine remove all of it. */
export async function removeUnused(kind: 'image' | 'volume' | 'container', items: readonly string[]): Promise<void> {
  const question = { title: text.title[kind], text: text.text[kind], confirmLabel: text.yes, danger: true };
  if (!(await confirm({ ...question, items }))) return;
  try {
    const freed = await call(`${kind}.prune`);
    say(text.done(bytes(freed.bytes)));
  } catch (error) {
    complain(text.failed, error);
  }
}
