import { ActionIcon, Button, Checkbox, TextInput, Tooltip } from '@mantine/core';
import { IconFolderPlus, IconFolderShare, IconX } from '@tabler/icons-react';
import type { Share } from '../../../src-main/contract/hardware.ts';
import { call } from '../../api/bridge.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { en } from '../../locales/en.ts';
import rows from './disk-fields.module.css';
import type { FieldsProps } from './machine-fields.tsx';
import classes from './share-fields.module.css';
import { mostShares, mountCommand, shareOf, withShare } from './share-model.ts';

/** Folders of this computer's that the guest may mount. */
export function ShareFields({ form, errors, disabled = false, onChange }: FieldsProps) {
  const { shares } = form;
  const change = (next: Share[]): void => onChange({ ...form, shares: next });
  const add = async (): Promise<void> => {
    const folder = await call('dialog.pickFolder', { purpose: 'share' });
    if (folder !== null) change([...shares, shareOf(folder, shares)]);
  };
  return (
    <div className={rows.stack}>
      {shares.length === 0 ? (
        <p className={rows.empty}>
          <IconFolderShare size={22} stroke={1.5} aria-hidden="true" />
          <span>{en.shares.empty}</span>
        </p>
      ) : (
        <ul className={rows.rows} aria-label={en.shares.title}>
          {shares.map((share, index) => (
            <ShareItem
              // biome-ignore lint/suspicious/noArrayIndexKey: its tag changes while it is typed, and rows keep their order
              key={index}
              share={share}
              disabled={disabled}
              onChange={(part) => change(withShare(shares, index, part))}
              onRemove={() => change(shares.filter((_, at) => at !== index))}
            />
          ))}
        </ul>
      )}
      {errors.shares !== undefined && (
        <p className={rows.error} role="alert">
          {errors.shares}
        </p>
      )}
      {!disabled && shares.length < mostShares && (
        <div>
          <Button variant="default" leftSection={<IconFolderPlus size={16} />} onClick={() => void add()}>
            {en.shares.add}
          </Button>
        </div>
      )}
    </div>
  );
}

interface ItemProps {
  share: Share;
  disabled: boolean;
  onChange(part: Partial<Share>): void;
  onRemove(): void;
}

function ShareItem({ share, disabled, onChange, onRemove }: ItemProps) {
  const { folder, tag, readOnly = false } = share;
  const command = mountCommand(share);
  return (
    <li className={rows.row}>
      <IconFolderShare size={20} stroke={1.5} />
      <div className={rows.words}>
        <strong>{folder}</strong>
        <span className={classes.command}>
          <code>{command}</code>
          <CopyButton text={command} what={en.shares.command} />
        </span>
      </div>
      <TextInput
        aria-label={`${en.shares.tag}: ${folder}`}
        value={tag}
        disabled={disabled}
        maxLength={31}
        spellCheck={false}
        leftSection={<span className={classes.tag}>{en.shares.tag}</span>}
        leftSectionWidth={44}
        className={classes.tagField ?? ''}
        onChange={(event) => onChange({ tag: event.currentTarget.value })}
      />
      <Checkbox
        label={en.shares.readOnly}
        aria-label={`${en.shares.readOnly}: ${folder}`}
        checked={readOnly}
        disabled={disabled}
        onChange={(event) => onChange({ readOnly: event.currentTarget.checked })}
      />
      <Tooltip label={en.shares.remove}>
        <ActionIcon
          variant="subtle"
          color="gray"
          disabled={disabled}
          aria-label={`${en.shares.remove}: ${folder}`}
          onClick={onRemove}
        >
          <IconX size={17} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
