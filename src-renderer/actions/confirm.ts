import { useSyncExternalStore } from 'react';
import { Snapshot } from '../api/snapshot.ts';

export interface Question {
  title: string;
  text: string;
  /** What is concerned, one per line. */
  items?: readonly string[];
  note?: string;
  confirmLabel: string;
  danger?: boolean;
  /** Something to be typed, without which there is no yes. */
  field?: { label: string; placeholder?: string };
}

export interface OpenQuestion extends Question {
  answer(yes: boolean, typed?: string): void;
}

const open = new Snapshot<OpenQuestion | undefined>(undefined);

/** Asks before something that cannot be undone. Asked again meanwhile, the first question counts as declined. */
export async function confirm(question: Question): Promise<boolean> {
  return (await put(question)) !== undefined;
}

/** Asks for something to be typed; undefined when it was declined. */
export function ask(question: Question & Required<Pick<Question, 'field'>>): Promise<string | undefined> {
  return put(question);
}

function put(question: Question): Promise<string | undefined> {
  open.get()?.answer(false);
  return new Promise((resolve) => {
    open.set({
      ...question,
      answer: (yes, typed = '') => {
        open.set(undefined);
        resolve(yes ? typed : undefined);
      },
    });
  });
}

export function useQuestion(): OpenQuestion | undefined {
  return useSyncExternalStore(open.subscribe, open.get);
}
