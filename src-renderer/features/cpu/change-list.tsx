import { Button, CloseButton } from '@mantine/core';
import type { CpuChange } from '../../../src-main/contract/cpu.ts';
import { en } from '../../locales/en.ts';
import classes from './cpu.module.css';
import { consequences } from './cpu-model.ts';

export interface ChangeListProps {
  changes: readonly CpuChange[];
  disabled: boolean;
  onUndo(feature: string): void;
  onUndoAll(): void;
}

/** What a person changed against the model, each with all that follows from it. */
export function ChangeList({ changes, disabled, onUndo, onUndoAll }: ChangeListProps) {
  const words = en.cpu.change;
  return (
    <div aria-live="polite">
      {changes.length > 0 && (
        <section className={classes.changes} aria-label={words.title(changes.length)}>
          <header>
            <h3>{words.title(changes.length)}</h3>
            {changes.length > 1 && (
              <Button size="compact-xs" variant="subtle" disabled={disabled} onClick={onUndoAll}>
                {words.undoAll}
              </Button>
            )}
          </header>
          <ul>
            {changes.map((change) => (
              <li key={change.feature} data-bad={change.missingHere || change.needs !== null || undefined}>
                <b>
                  <code>{change.feature}</code> {change.on ? words.on : words.off}
                </b>
                <span>{consequences(change).join(' ')}</span>
                <CloseButton
                  size="xs"
                  disabled={disabled}
                  aria-label={words.undo(change.feature)}
                  onClick={() => onUndo(change.feature)}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
