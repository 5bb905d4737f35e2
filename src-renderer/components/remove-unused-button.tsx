import { Button } from '@mantine/core';
import { IconEraser } from '@tabler/icons-react';
import { removeUnused } from '../actions/remove-unused.ts';
import { en } from '../locales/en.ts';

/** Removes what nobody uses, after a question that names it; nothing to see where there is none. */
export function RemoveUnusedButton({
  kind,
  items,
}: {
  kind: 'image' | 'volume' | 'container';
  items: readonly string[];
}) {
  if (items.length === 0) return null;
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      m={8}
      style={{ alignSelf: 'flex-start', flex: 'none' }}
      leftSection={<IconEraser size={15} />}
      onClick={() => void removeUnused(kind, items)}
    >
      {en.unused.button[kind](items.length)}
    </Button>
  );
}
