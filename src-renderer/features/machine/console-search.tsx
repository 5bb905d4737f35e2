import { ActionIcon, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { en } from '../../locales/en.ts';
import classes from './console.module.css';

export interface ConsoleSearchProps {
  found: { index: number; count: number };
  onFind(term: string, back: boolean): void;
  onClose(): void;
}

export function ConsoleSearch({ found, onFind, onClose }: ConsoleSearchProps) {
  const [term, setTerm] = useState('');
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') onFind(term, !event.shiftKey);
    else if (event.key === 'Escape') onClose();
    else return;
    event.preventDefault();
  };
  const result = found.count === 0 ? en.console.noMatch : en.console.matches(found.index, found.count);
  return (
    <search className={classes.search}>
      <TextInput
        size="xs"
        autoFocus
        value={term}
        aria-label={en.console.searchLabel}
        placeholder={en.console.searchLabel}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setTerm(event.currentTarget.value);
          onFind(event.currentTarget.value, true);
        }}
      />
      <span aria-live="polite">{term === '' ? '' : result}</span>
      <ActionIcon variant="default" aria-label={en.console.previous} onClick={() => onFind(term, true)}>
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon variant="default" aria-label={en.console.next} onClick={() => onFind(term, false)}>
        <IconChevronDown size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" aria-label={en.console.close} onClick={onClose}>
        <IconX size={16} />
      </ActionIcon>
    </search>
  );
}
