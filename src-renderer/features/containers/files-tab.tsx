import { ActionIcon, Button, Loader, Tooltip } from '@mantine/core';
import { IconDownload, IconFile, IconFilePlus, IconFolder, IconLink } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ContainerFile, ContainerSummary } from '../../../src-main/contract/container.ts';
import { complain } from '../../actions/complain.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { bytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import classes from './files.module.css';
import { below, foldersTo, inOrder, permissions } from './files-model.ts';

const text = en.containers.files;

/** What the container sees, whether it runs or not: folder by folder, with files to save and to add. */
export function FilesTab({ container: { id, status } }: { container: ContainerSummary }) {
  const [path, setPath] = useState('/');
  const queries = useQueryClient();
  const { data, error, isFetching } = useQuery({
    queryKey: ['container-files', id, status, path],
    queryFn: () => call('container.files', { id, path }),
    retry: false,
  });
  const add = async (): Promise<void> => {
    try {
      if ((await call('container.addFile', { id, path })) === null) return;
      await queries.invalidateQueries({ queryKey: ['container-files', id] });
    } catch (why) {
      complain(text.addFailed(path), why);
    }
  };
  return (
    <div className={classes.files}>
      <header className={classes.head}>
        <nav className={classes.path} aria-label={text.path}>
          {foldersTo(path).map((folder) => (
            <button
              key={folder.path}
              type="button"
              aria-current={folder.path === path ? 'location' : undefined}
              onClick={() => setPath(folder.path)}
            >
              {folder.name}
            </button>
          ))}
          {isFetching && <Loader size={14} />}
        </nav>
        <Button size="xs" variant="default" leftSection={<IconFilePlus size={15} />} onClick={() => void add()}>
          {text.add}
        </Button>
      </header>
      {error !== null && <FailureBanner title={text.failed(path)} message={failureOf(error).message} />}
      {data !== undefined && data.files.length === 0 && <p className={classes.quiet}>{text.empty}</p>}
      {data !== undefined && data.files.length > 0 && (
        <ul className={classes.list} aria-label={path}>
          {inOrder(data.files).map((file) => (
            <FileRow key={file.name} id={id} folder={path} file={file} enter={setPath} />
          ))}
        </ul>
      )}
      {data?.truncated && <p className={classes.quiet}>{text.truncated(data.files.length)}</p>}
    </div>
  );
}

interface FileRowProps {
  id: string;
  folder: string;
  file: ContainerFile;
  enter: (path: string) => void;
}

function FileRow({ id, folder, file, enter }: FileRowProps) {
  const [busy, setBusy] = useState(false);
  const path = below(folder, file.name);
  const Icon = file.kind === 'link' ? IconLink : file.leadsIn ? IconFolder : IconFile;
  const save = (): void => {
    setBusy(true);
    call('container.saveFile', { id, path })
      .catch((error) => complain(text.saveFailed(file.name), error))
      .finally(() => setBusy(false));
  };
  return (
    <li>
      <Icon size={17} stroke={1.6} aria-hidden="true" />
      <span className={classes.name}>
        {file.leadsIn ? (
          <button type="button" onClick={() => enter(path)}>
            {file.name}
          </button>
        ) : (
          <span className="selectable">{file.name}</span>
        )}
        {file.target !== '' && <span className={classes.target}> → {file.target}</span>}
      </span>
      <code>{permissions(file.mode)}</code>
      <span className={classes.amount}>{file.kind === 'file' ? bytes(file.bytes) : ''}</span>
      <time dateTime={file.changedAt}>{file.changedAt.slice(0, 16).replace('T', ' ')}</time>
      <Tooltip label={text.save}>
        <ActionIcon
          variant="subtle"
          color="gray"
          loading={busy}
          disabled={file.kind === 'other' || file.kind === 'link'}
          aria-label={text.saveNamed(file.name)}
          onClick={save}
        >
          <IconDownload size={16} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
