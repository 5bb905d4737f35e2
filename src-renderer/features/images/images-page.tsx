import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import {
  IconBoxMultiple,
  IconDots,
  IconFileExport,
  IconPlayerPlay,
  IconStack2,
  IconTrash,
  IconUpload,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { ImageSummary } from '../../../src-main/contract/container.ts';
import { complain } from '../../actions/complain.ts';
import { confirm } from '../../actions/confirm.ts';
import { say } from '../../actions/say.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { useNewest } from '../../api/use-stream.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { RemoveUnusedButton } from '../../components/remove-unused-button.tsx';
import classes from '../../components/table-page.module.css';
import { TablePage } from '../../components/table-page.tsx';
import { bytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { PullBar } from './pull-bar.tsx';
import { TransferSteps } from './transfer-steps.tsx';
import { useTransfer } from './use-transfer.ts';

const text = en.images;

export function ImagesPage() {
  const { value, failure } = useNewest('image.list', undefined);
  const unused = (value ?? []).filter(({ containers }) => containers === 0);
  return (
    <TablePage
      text={text}
      icon={IconBoxMultiple}
      items={value}
      failure={failure}
      add={<PullBar />}
      row={(image) => <ImageRow key={image.id} image={image} />}
      below={<RemoveUnusedButton kind="image" items={unused.map(nameOf)} />}
    />
  );
}

function nameOf({ names, id }: ImageSummary): string {
  return names[0] ?? id.slice(7, 19);
}

function ImageRow({ image }: { image: ImageSummary }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const { transfer, state } = useTransfer(image.id);
  const busy = state.steps !== undefined;
  const name = nameOf(image);
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
        {busy ? (
          <Button size="xs" variant="default" onClick={transfer.cancel}>
            {text.cancel}
          </Button>
        ) : (
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <ActionIcon variant="default" size={30} aria-label={text.more(name)}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                leftSection={<IconUpload size={16} />}
                disabled={image.names.length === 0}
                onClick={() => transfer.start('image.push', { name }, () => say(text.pushed(name)))}
              >
                {text.push}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconFileExport size={16} />}
                onClick={() => transfer.start('image.save', { name: image.names[0] ?? image.id })}
              >
                {text.save}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        <Tooltip label={text.remove}>
          <ActionIcon variant="default" size={30} aria-label={`${text.remove} ${name}`} onClick={() => void remove()}>
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      <TransferSteps {...state} />
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
