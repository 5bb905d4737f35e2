import { PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { en } from '../../locales/en.ts';
import classes from './machine-fields.module.css';
import type { FieldsProps } from './machine-fields.tsx';
import { type SeedForm, seedErrors } from './seed-model.ts';

const kinds = ['none', 'form', 'raw'] as const;

/** What cloud-init in the guest finds at its first boot. */
export function SeedFields({ form, errors, disabled = false, onChange }: FieldsProps) {
  const { seed } = form;
  // Fields complain where the form as a whole does: after "Continue" in the wizard, at once in the settings.
  const wrong = errors.seed === undefined ? {} : seedErrors(seed);
  const change = (part: Partial<SeedForm>): void => onChange({ ...form, seed: { ...seed, ...part } });
  return (
    <div className={classes.stack}>
      <SegmentedControl
        aria-label={en.seed.title}
        value={seed.kind}
        disabled={disabled}
        data={kinds.map((value) => ({ value, label: en.seed.kinds[value] }))}
        className={classes.narrowControl ?? ''}
        onChange={(kind) => change({ kind: kind as SeedForm['kind'] })}
      />
      <p className={classes.hint}>{en.seed.texts[seed.kind]}</p>
      {seed.kind === 'form' && (
        <>
          <div className={classes.pair}>
            <TextInput
              label={en.seed.user}
              description={en.seed.userHint}
              value={seed.user}
              error={wrong.user}
              disabled={disabled}
              spellCheck={false}
              onChange={(event) => change({ user: event.currentTarget.value })}
            />
            <TextInput
              label={en.seed.hostname}
              description={en.seed.hostnameHint}
              value={seed.hostname}
              error={wrong.hostname}
              disabled={disabled}
              spellCheck={false}
              onChange={(event) => change({ hostname: event.currentTarget.value })}
            />
          </div>
          <PasswordInput
            label={en.seed.password}
            description={en.seed.passwordHint}
            placeholder={seed.passwordHash === '' ? '' : en.seed.passwordKept}
            value={seed.password}
            error={wrong.password}
            disabled={disabled}
            autoComplete="off"
            visibilityToggleButtonProps={{ 'aria-label': en.seed.showPassword }}
            onChange={(event) => change({ password: event.currentTarget.value })}
          />
          <Textarea
            label={en.seed.sshKeys}
            description={en.seed.sshKeysHint}
            placeholder="ssh-ed25519 AAAA… you@computer"
            value={seed.sshKeys}
            error={wrong.sshKeys}
            disabled={disabled}
            autosize
            minRows={2}
            maxRows={8}
            spellCheck={false}
            classNames={{ input: classes.mono ?? '' }}
            onChange={(event) => change({ sshKeys: event.currentTarget.value })}
          />
        </>
      )}
      {seed.kind === 'raw' && (
        <Textarea
          label={en.seed.userData}
          description={en.seed.userDataHint}
          value={seed.userData}
          error={wrong.userData}
          disabled={disabled}
          autosize
          minRows={8}
          maxRows={24}
          spellCheck={false}
          classNames={{ input: classes.mono ?? '' }}
          onChange={(event) => change({ userData: event.currentTarget.value })}
        />
      )}
    </div>
  );
}
