import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { call } from '../api/bridge.ts';
import { en } from '../locales/en.ts';

/** Puts `text` on the clipboard and says so. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    void call('clipboard.write', { text }).then(() => setCopied(true));
  };
  return (
    <Tooltip label={copied ? en.overview.copied : en.overview.copy}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`${en.overview.copy}: ${what}`} onClick={copy}>
        {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
      </ActionIcon>
    </Tooltip>
  );
}
