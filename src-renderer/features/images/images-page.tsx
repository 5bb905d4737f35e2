import { ActionIcon, Button, Progress, TextInput, Tooltip } from '@mantine/core';
import { IconBoxMultiple, IconDownload, IconPlayerPlay, IconStack2, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import type { ImageSummary, PullStep } from '../../../src-main/contract/container.ts';
import type { FailureRecord } from '../../../src-main/contract/failure.ts';
import { complain } from '../../actions/complain.ts';
import { confirm } from '../../actions/confirm.ts';
import { call, failureOf, stream } from '../../api/bridge.ts';
import { useNewest } from '../../api/use-stream.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import classes from '../../components/table-page.module.css';
import { TablePage } from '../../components/table-page.tsx';
import { bytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';

const text = en.images;

export function ImagesPage() {
  const { value, failure } = useNewest('image.list', undefined);
  return (
    <TablePage
      text={text}
      icon={IconBoxMultiple}
      items={value}
      failure={failure}
      add={<PullBar />}
      row={(image) => <ImageRow key={image.id} image={image} />}
    />
  );
}

function ImageRow({ image }: { image: ImageSummary }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const name = image.names[0] ?? image.id.slice(7, 19);
  const remove = async (): Promise<void> => {
    const yes = await confirm({
      title: text.removeTitle(name),
      text: text.removeText,
      confirmLabel: text.remove,
      danger: true,
    });
    if (!yes) return;
    await call('image.remove', { name: image.names[0] ?? image.id }).catch((error) =>
      complain(text.removeFailed(name), error),
    );
  };
  return (
    <li className={classes.row}>
      <div className={classes.rowHead}>
        <IconStack2 size={20} stroke={1.5} aria-hidden="true" />
        <div className={classes.words}>
          <strong className="selectable">{image.names.length === 0 ? text.unnamed : image.names.join(', ')}</strong>
          <span>
            {image.id.slice(7, 19)} · {bytes(image.bytes)} · {image.createdAt.slice(0, 10)} ·{' '}
            {text.containers(image.containers)}
          </span>
        </div>
        <Button size="xs" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
          {text.layers}
        </Button>
        <Button
          size="xs"
          leftSection={<IconPlayerPlay size={14} />}
          onClick={() => void navigate(`/containers/new?image=${encodeURIComponent(name)}`)}
        >
          {text.run}
        </Button>
        <Tooltip label={text.remove}>
          <ActionIcon variant="default" size={30} aria-label={`${text.remove} ${name}`} onClick={() => void remove()}>
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      {open && <History name={image.id} />}
    </li>
  );
}

function History({ name }: { name: string }) {
  const { data, error } = useQuery({
    queryKey: ['image-history', name],
    queryFn: () => call('image.history', { name }),
  });
  if (error !== null) return <FailureBanner title={text.failed} message={failureOf(error).message} />;
  return (
    <ol className={classes.steps}>
      {(data ?? []).map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have nothing but their place
        <li key={index}>
          <code className="selectable">{step.createdBy || text.noCommand}</code>
          <span>{bytes(step.bytes)}</span>
        </li>
      ))}
    </ol>
  );
}

/** Asks for a name, pulls it, shows how far each layer is, and can be told to stop. */
function PullBar() {
  const [name, setName] = useState('');
  const [steps, setSteps] = useState<readonly PullStep[] | undefined>(undefined);
  const [failure, setFailure] = useState<FailureRecord | undefined>(undefined);
  const running = useRef<{ close(): void } | undefined>(undefined);
  const pull = (event: React.FormEvent): void => {
    event.preventDefault();
    setFailure(undefined);
    setSteps([]);
    running.current = stream(
      'image.pull',
      { name: name.trim() },
      {
        onItem: (step) => setSteps((before) => withStep(before ?? [], step)),
        onEnd: (why) => {
          setSteps(undefined);
          setFailure(why);
          if (why === undefined) setName('');
        },
      },
    );
  };
  const cancel = (): void => {
    running.current?.close();
    setSteps(undefined);
  };
  const busy = steps !== undefined;
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
          <Button variant="default" onClick={cancel}>
            {text.cancel}
          </Button>
        ) : (
          <Button type="submit" disabled={name.trim() === ''} leftSection={<IconDownload size={16} />}>
            {text.pull}
          </Button>
        )}
      </form>
      {failure !== undefined && <FailureBanner title={text.pullFailed} message={failure.message} hint={failure.hint} />}
      {busy && (
        <ul className={classes.progress} aria-live="polite">
          {steps.map(({ id, status, current, total }) => (
            <li key={id ?? status}>
              <span>
                {id === undefined ? '' : `${id} · `}
                {status}
              </span>
              {current !== undefined && total !== undefined && (
                <Progress value={(current / total) * 100} size="sm" aria-label={status} />
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function withStep(before: readonly PullStep[], step: PullStep): readonly PullStep[] {
  const at = step.id === undefined ? -1 : before.findIndex(({ id }) => id === step.id);
  return at < 0 ? [...before, step].slice(-12) : before.with(at, step);
}
