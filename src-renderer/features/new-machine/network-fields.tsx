import { ActionIcon, Button, NumberInput, SegmentedControl, Select, TextInput, Tooltip } from '@mantine/core';
import { IconArrowRight, IconPlus, IconX } from '@tabler/icons-react';
import { CopyButton } from '../../components/copy-button.tsx';
import { Facts } from '../../components/panel.tsx';
import { en } from '../../locales/en.ts';
import fieldClasses from './machine-fields.module.css';
import type { FieldsProps } from './machine-fields.tsx';
import classes from './network-fields.module.css';
import { emptyForward, type ForwardRow, type NetworkForm, portIsGood } from './network-model.ts';

const kinds = ['none', 'user', 'tap', 'bridge'] as const;

export interface NetworkFieldsProps extends FieldsProps {
  /** While it runs, forwards alone can be changed. */
  running?: boolean;
}

/** What a machine's network card is connected to. */
export function NetworkFields({ form, errors, disabled = false, running = false, onChange }: NetworkFieldsProps) {
  const { network } = form;
  const change = (part: Partial<NetworkForm>): void => onChange({ ...form, network: { ...network, ...part } });
  const named = network.kind === 'tap' || network.kind === 'bridge';
  return (
    <div className={fieldClasses.stack}>
      <SegmentedControl
        aria-label={en.network.title}
        value={network.kind}
        disabled={disabled}
        data={kinds.map((value) => ({ value, label: en.network.kinds[value] }))}
        className={fieldClasses.narrowControl ?? ''}
        onChange={(kind) => change({ kind: kind as NetworkForm['kind'] })}
      />
      <p className={fieldClasses.hint}>{en.network.texts[network.kind]}</p>
      {named && (
        <TextInput
          label={en.network.device}
          description={en.network.deviceHint}
          value={network.device}
          error={errors.network}
          disabled={disabled}
          spellCheck={false}
          maxLength={15}
          className={classes.device ?? ''}
          onChange={(event) => change({ device: event.currentTarget.value })}
        />
      )}
      {network.kind === 'user' && (
        <Forwards
          rows={network.forwards}
          error={errors.network}
          disabled={disabled && !running}
          running={running}
          onChange={(forwards) => change({ forwards })}
        />
      )}
      {network.kind !== 'none' && (
        <Facts
          facts={[
            network.mac === undefined
              ? { label: en.network.mac, value: en.network.macLater }
              : {
                  label: en.network.mac,
                  value: network.mac,
                  mono: true,
                  aside: <CopyButton text={network.mac} what={en.network.mac} />,
                },
          ]}
        />
      )}
      {network.more.length > 0 && <p className={fieldClasses.hint}>{en.network.more(network.more.length)}</p>}
    </div>
  );
}

interface ForwardsProps {
  rows: readonly ForwardRow[];
  error: string | undefined;
  disabled: boolean;
  running: boolean;
  onChange(rows: ForwardRow[]): void;
}

function Forwards({ rows, error, disabled, running, onChange }: ForwardsProps) {
  return (
    <fieldset className={classes.forwards}>
      <legend>{en.network.forwards}</legend>
      {rows.length === 0 && <p className={fieldClasses.hint}>{en.network.noForwards}</p>}
      {rows.length > 0 && (
        <div className={classes.heads} aria-hidden="true">
          <span>{en.network.protocol}</span>
          <span>{en.network.hostPort}</span>
          <span />
          <span>{en.network.guestPort}</span>
        </div>
      )}
      {rows.map((row, index) => (
        <ForwardItem
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity, and fields hold no state
          key={index}
          row={row}
          number={index + 1}
          complain={error !== undefined}
          disabled={disabled}
          onChange={(next) => onChange(rows.map((other, at) => (at === index ? next : other)))}
          onRemove={() => onChange(rows.filter((_, at) => at !== index))}
        />
      ))}
      {error !== undefined && (
        <p className={classes.error} role="alert">
          {error}
        </p>
      )}
      {!disabled && (
        <Button
          variant="default"
          className={classes.add ?? ''}
          leftSection={<IconPlus size={16} />}
          onClick={() => onChange([...rows, emptyForward])}
        >
          {en.network.add}
        </Button>
      )}
      {running && <p className={fieldClasses.hint}>{en.network.running}</p>}
    </fieldset>
  );
}

interface ForwardProps {
  row: ForwardRow;
  number: number;
  complain: boolean;
  disabled: boolean;
  onChange(row: ForwardRow): void;
  onRemove(): void;
}

function ForwardItem({ row, number, complain, disabled, onChange, onRemove }: ForwardProps) {
  const port = (which: 'hostPort' | 'guestPort') => (
    <NumberInput
      aria-label={`${en.network[which]}, ${number}`}
      value={row[which]}
      error={complain && !portIsGood(row[which])}
      disabled={disabled}
      allowDecimal={false}
      allowNegative={false}
      clampBehavior="none"
      hideControls
      prefix={which === 'hostPort' && row.hostAddress !== undefined ? `${row.hostAddress}:` : ''}
      onChange={(value) => onChange({ ...row, [which]: value })}
    />
  );
  return (
    <div className={classes.row}>
      <Select
        aria-label={`${en.network.protocol}, ${number}`}
        value={row.protocol}
        disabled={disabled}
        allowDeselect={false}
        data={[
          { value: 'tcp', label: 'TCP' },
          { value: 'udp', label: 'UDP' },
        ]}
        onChange={(value) => onChange({ ...row, protocol: value === 'udp' ? 'udp' : 'tcp' })}
      />
      {port('hostPort')}
      <IconArrowRight size={16} stroke={1.5} aria-hidden="true" />
      {port('guestPort')}
      <Tooltip label={en.network.remove}>
        <ActionIcon
          variant="subtle"
          color="gray"
          disabled={disabled}
          aria-label={`${en.network.remove}, ${number}`}
          onClick={onRemove}
        >
          <IconX size={17} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
