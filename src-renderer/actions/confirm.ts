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
}

export interface OpenQuestion extends Question {
  answer(yes: boolean): void;
}

const open = new Snapshot<OpenQuestion | undefined>(undefined);

/** Asks before something that cannot be undone. Asked again meanwhile, the first question counts as declined. */
export function confirm(question: Question): Promise<boolean> {
  open.get()?.answer(false);
  return new Promise((resolve) => {
    open.set({
      ...question,
      answer: (yes) => {
        open.set(undefined);
        resolve(yes);
      },
    });
  });
}

export function useQuestion(): OpenQuestion | undefined {
  return useSyncExternalStore(open.subscribe, open.get);
}
