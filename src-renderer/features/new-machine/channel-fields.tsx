import { ActionIcon, Button, Checkbox, NumberInput, TextInput, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { en } from '../../locales/en.ts';
import classes from './channel-fields.module.css';
import { type ChannelForm, firstCid, freePort, mostPorts } from './channel-model.ts';
import rows from './disk-fields.module.css';
import fieldClasses from './machine-fields.module.css';
import type { FieldsProps } from './machine-fields.tsx';

/** A virtio console with named ports, and sockets between guest and host. */
export function ChannelFields({ form, errors, disabled = false, onChange }: FieldsProps) {
  const { ports, vsock } = form.channels;
  const change = (part: Partial<ChannelForm>): void => onChange({ ...form, channels: { ...form.channels, ...part } });
  return (
    <div className={fieldClasses.stack}>
      <Checkbox
        label={en.channels.console}
        description={en.channels.consoleHint}
        checked={ports !== undefined}
        disabled={disabled}
        onChange={(event) => change({ ports: event.currentTarget.checked ? [] : undefined })}
      />
      {ports !== undefined && <Ports ports={ports} disabled={disabled} onChange={(next) => change({ ports: next })} />}
      <Checkbox
        label={en.channels.vsock}
        description={en.channels.vsockHint}
        checked={vsock !== undefined}
        disabled={disabled}
        onChange={(event) => change({ vsock: event.currentTarget.checked ? firstCid : undefined })}
      />
      {vsock !== undefined && (
        <NumberInput
          label={en.channels.cid}
          description={en.channels.cidHint}
          value={vsock}
          disabled={disabled}
          allowDecimal={false}
          allowNegative={false}
          clampBehavior="none"
          hideControls
          className={classes.cid ?? ''}
          onChange={(value) => change({ vsock: value })}
        />
      )}
      {errors.channels !== undefined && (
        <p className={rows.error} role="alert">
          {errors.channels}
        </p>
      )}
    </div>
  );
}

interface PortsProps {
  ports: readonly string[];
  disabled: boolean;
  onChange(ports: string[]): void;
}

function Ports({ ports, disabled, onChange }: PortsProps) {
  return (
    <fieldset className={classes.ports}>
      <legend>{en.channels.ports}</legend>
      {ports.length === 0 && <p className={fieldClasses.hint}>{en.channels.noPorts}</p>}
      {ports.map((port, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: its name changes while it is typed, and rows keep their order
        <div className={classes.port} key={index}>
          <TextInput
            aria-label={en.channels.portName(index + 1)}
            value={port}
            disabled={disabled}
            maxLength={20}
            spellCheck={false}
            className={classes.name ?? ''}
            onChange={(event) => onChange(ports.with(index, event.currentTarget.value))}
          />
          <Tooltip label={en.channels.remove}>
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={disabled}
              aria-label={`${en.channels.remove}: ${port}`}
              onClick={() => onChange(ports.filter((_, at) => at !== index))}
            >
              <IconX size={17} />
            </ActionIcon>
          </Tooltip>
        </div>
      ))}
      {!disabled && ports.length < mostPorts && (
        <Button
          variant="default"
          className={classes.add ?? ''}
          leftSection={<IconPlus size={16} />}
          onClick={() => onChange([...ports, freePort(ports)])}
        >
          {en.channels.add}
        </Button>
      )}
    </fieldset>
  );
}
