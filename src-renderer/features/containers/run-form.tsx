import { Button, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { ContainerDraft } from '../../../src-main/contract/container.ts';
import type { FailureRecord } from '../../../src-main/contract/failure.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { useNewest } from '../../api/use-stream.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import { emptyDraft, joinWords, linesOf, splitWords } from './container-model.ts';
import classes from './containers.module.css';

const text = en.containers.form;

/** A new container: `?image=` fills in the image. */
export function NewContainerPage() {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  return (
    <div className={classes.formPage}>
      <h1>{en.containers.create}</h1>
      <RunForm
        initial={{ ...emptyDraft, image: params.get('image') ?? '' }}
        submitLabel={text.run}
        submit={async (draft) => {
          const { id } = await call('container.run', draft);
          void navigate(`/containers/${id}`);
        }}
      />
    </div>
  );
}

export interface RunFormProps {
  initial: ContainerDraft;
  submitLabel: string;
  note?: string;
  submit(draft: ContainerDraft): Promise<void>;
}

/** Everything about a container that is asked for when it is made. */
export function RunForm({ initial, submitLabel, note, submit }: RunFormProps) {
  const { value: images = [] } = useNewest('image.list', undefined);
  const [image, setImage] = useState(initial.image);
  const [name, setName] = useState(initial.name);
  const [command, setCommand] = useState(joinWords(initial.command));
  const [env, setEnv] = useState(initial.env.join('\n'));
  const [volumes, setVolumes] = useState(initial.volumes.join('\n'));
  const [ports, setPorts] = useState(initial.ports.join('\n'));
  const [terminal, setTerminal] = useState(initial.terminal);
  const [restart, setRestart] = useState(initial.restart);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<FailureRecord | undefined>(undefined);
  const onSubmit = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await submit({
        image: image.trim(),
        name: name.trim(),
        command: splitWords(command),
        env: linesOf(env),
        volumes: linesOf(volumes),
        ports: linesOf(ports),
        terminal,
        restart,
      });
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  const choices = images.flatMap(({ names }) => names);
  return (
    <form className={classes.form} onSubmit={(event) => void onSubmit(event)}>
      {failure !== undefined && <FailureBanner title={text.failed} message={failure.message} hint={failure.hint} />}
      <div className={classes.pair}>
        <Select
          label={text.image}
          placeholder={choices.length === 0 ? text.noImages : text.imageHint}
          data={image !== '' && !choices.includes(image) ? [image, ...choices] : choices}
          value={image || null}
          onChange={(value) => setImage(value ?? '')}
          searchable
          required
        />
        <TextInput
          label={text.name}
          description={undefined}
          placeholder={text.nameHint}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
      </div>
      <TextInput
        label={text.command}
        placeholder={text.commandHint}
        value={command}
        onChange={(e) => setCommand(e.currentTarget.value)}
      />
      <div className={classes.pair}>
        <Textarea
          label={text.env}
          placeholder="NAME=value"
          autosize
          minRows={2}
          value={env}
          onChange={(e) => setEnv(e.currentTarget.value)}
        />
        <Textarea
          label={text.ports}
          placeholder="8080:80"
          autosize
          minRows={2}
          value={ports}
          onChange={(e) => setPorts(e.currentTarget.value)}
        />
      </div>
      <Textarea
        label={text.volumes}
        placeholder={text.volumesHint}
        autosize
        minRows={2}
        value={volumes}
        onChange={(e) => setVolumes(e.currentTarget.value)}
      />
      <div className={classes.pair}>
        <Select
          label={text.restart}
          data={(['no', 'always', 'unless-stopped', 'on-failure'] as const).map((value) => ({
            value,
            label: text.restarts[value],
          }))}
          value={restart}
          allowDeselect={false}
          onChange={(value) => setRestart((value ?? 'no') as ContainerDraft['restart'])}
        />
        <Switch
          label={text.terminal}
          mt={30}
          checked={terminal}
          onChange={(e) => setTerminal(e.currentTarget.checked)}
        />
      </div>
      {note !== undefined && <p className={classes.quiet}>{note}</p>}
      <div>
        <Button type="submit" loading={busy} disabled={image.trim() === ''}>
          {submitLabel}
        </Button>
      </div>
    </form>
  );
}
