import { Button, CloseButton, Input } from '@mantine/core';
import { useId, useState } from 'react';
import { call } from '../../api/bridge.ts';
import { en } from '../../locales/en.ts';
import classes from './machine-fields.module.css';

export interface FileFieldProps {
  label: string;
  description: string;
  purpose: 'kernel' | 'initrd' | 'cdrom';
  value: string;
  error: string | undefined;
  disabled: boolean;
  /** What the button that opens the dialog says. */
  browse?: string;
  /** More buttons, instead of the one that clears the field. */
  children?: React.ReactNode;
  onChange(path: string): void;
}

/** A file of this computer: typed, chosen in a dialog, or dropped. */
export function FileField(props: FileFieldProps) {
  const { label, description, purpose, value, error, disabled, browse = en.fields.browse, children, onChange } = props;
  const id = useId();
  const [over, setOver] = useState(false);
  const choose = (): void => {
    void call('dialog.pickFile', { purpose }).then((path) => {
      if (path !== null) onChange(path);
    });
  };
  const drop = (event: React.DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file !== undefined && !disabled) onChange(window.bulkhead.pathOf(file));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file has the text field and the dialog beside it
    <div
      className={classes.file}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Input.Wrapper id={id} label={label} description={description} error={error}>
        <div className={classes.fileRow} style={{ marginTop: 4 }}>
          <Input
            id={id}
            value={value}
            disabled={disabled}
            error={error !== undefined}
            placeholder={over ? en.fields.dropNow : `/… ${en.fields.drop}`}
            spellCheck={false}
            classNames={{ input: classes.mono ?? '' }}
            rightSectionPointerEvents="all"
            rightSection={
              value === '' || children !== undefined ? null : (
                <CloseButton size="sm" aria-label={`${en.fields.clear}: ${label}`} onClick={() => onChange('')} />
              )
            }
            onChange={(event) => onChange(event.currentTarget.value)}
          />
          <Button variant="default" disabled={disabled} onClick={choose} aria-label={`${browse} ${label}`}>
            {browse}
          </Button>
          {children}
        </div>
      </Input.Wrapper>
    </div>
  );
}
