import type { Icon } from '@tabler/icons-react';

/** Whether an action can be done now; if not, why, for the tooltip of its button. */
export type Availability = { now: true } | { now: false; why: string };

export const available: Availability = { now: true };

/** One thing a person can do, whatever triggers it: button, menu, palette or keys. */
export interface Action<Context> {
  readonly id: string;
  readonly label: string;
  readonly icon: Icon;
  /** As shown to people: `Ctrl+Shift+S`. */
  readonly shortcut?: string;
  readonly tone?: 'primary' | 'danger';
  available(context: Context): Availability;
  run(context: Context): Promise<void> | void;
}

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** Whether the keys pressed are those of a shortcut as shown. */
export function matchesShortcut(shortcut: string, press: KeyPress): boolean {
  const keys = shortcut.toLowerCase().split('+');
  const key = keys.at(-1);
  const wants = (modifier: string): boolean => keys.slice(0, -1).includes(modifier);
  return (
    press.key.toLowerCase() === key &&
    press.ctrlKey === wants('ctrl') &&
    press.shiftKey === wants('shift') &&
    press.altKey === wants('alt') &&
    !press.metaKey
  );
}
