import { Button, TextInput } from '@mantine/core';
import { IconDownload, IconFileImport } from '@tabler/icons-react';
import { useState } from 'react';
import classes from '../../components/table-page.module.css';
import { en } from '../../locales/en.ts';
import { TransferSteps } from './transfer-steps.tsx';
import { useTransfer } from './use-transfer.ts';

const text = en.images;

/** Asks for a name and pulls it, or takes images out of an archive; shows how far that is, and can be told to stop. */
export function PullBar() {
  const [name, setName] = useState('');
  const { transfer, state } = useTransfer('pull');
  const pull = (event: React.FormEvent): void => {
    event.preventDefault();
    transfer.start('image.pull', { name: name.trim() }, () => setName(''));
  };
  const busy = state.steps !== undefined;
  return (
    <div className={classes.pull}>
      <form onSubmit={pull}>
        <TextInput
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          placeholder={text.pullHint}
          aria-label={text.pullName}
          disabled={busy}
        />
        {busy ? (
          <Button variant="default" onClick={transfer.cancel}>
            {text.cancel}
          </Button>
        ) : (
          <Button type="submit" disabled={name.trim() === ''} leftSection={<IconDownload size={16} />}>
            {text.pull}
          </Button>
        )}
      </form>
      {!busy && (
        <Button
          variant="subtle"
          size="compact-sm"
          style={{ alignSelf: 'flex-start' }}
          leftSection={<IconFileImport size={15} />}
          onClick={() => transfer.start('image.load', undefined)}
        >
          {text.load}
        </Button>
      )}
      <TransferSteps {...state} />
    </div>
  );
}
