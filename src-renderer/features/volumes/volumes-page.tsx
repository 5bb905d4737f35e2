import { ActionIcon, Button, TextInput, Tooltip } from '@mantine/core';
import { IconDatabase, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { VolumeSummary } from '../../../src-main/contract/container.ts';
import { complain } from '../../actions/complain.ts';
import { confirm } from '../../actions/confirm.ts';
import { call } from '../../api/bridge.ts';
import { useNewest } from '../../api/use-stream.ts';
import { RemoveUnusedButton } from '../../components/remove-unused-button.tsx';
import classes from '../../components/table-page.module.css';
import { TablePage } from '../../components/table-page.tsx';
import { en } from '../../locales/en.ts';

const text = en.volumes;

export function VolumesPage() {
  const { value, failure } = useNewest('volume.list', undefined);
  const unused = (value ?? []).filter(({ users }) => users.length === 0);
  return (
    <TablePage
      text={text}
      icon={IconDatabase}
      items={value}
      failure={failure}
      add={<NewVolume />}
      row={(volume) => <VolumeRow key={volume.name} volume={volume} />}
      below={<RemoveUnusedButton kind="volume" items={unused.map(({ name }) => name)} />}
    />
  );
}

function VolumeRow({ volume }: { volume: VolumeSummary }) {
  const { name, folder, users, anonymous } = volume;
  const remove = async (): Promise<void> => {
    const yes = await confirm({
      title: text.removeTitle(name),
      text: text.removeText,
      confirmLabel: text.remove,
      danger: true,
    });
    if (yes) await call('volume.remove', { name }).catch((error) => complain(text.removeFailed(name), error));
  };
  return (
    <li className={classes.row}>
      <div className={classes.rowHead}>
        <IconDatabase size={20} stroke={1.5} aria-hidden="true" />
        <div className={classes.words}>
          <strong className="selectable">{anonymous ? text.anonymous(name.slice(0, 12)) : name}</strong>
          <span className="selectable">{folder}</span>
          <span>{users.length === 0 ? text.unused : text.usedBy(users.join(', '))}</span>
        </div>
        <Tooltip label={users.length === 0 ? text.remove : text.inUse}>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={text.remove}
            disabled={users.length > 0}
            onClick={() => void remove()}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
    </li>
  );
}

function NewVolume() {
  const [name, setName] = useState('');
  const create = (event: React.FormEvent): void => {
    event.preventDefault();
    call('volume.create', { name: name.trim() }).then(
      () => setName(''),
      (error) => complain(text.createFailed, error),
    );
  };
  return (
    <div className={classes.pull}>
      <form onSubmit={create}>
        <TextInput
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          placeholder={text.nameHint}
          aria-label={text.name}
        />
        <Button type="submit" disabled={name.trim() === ''} leftSection={<IconPlus size={16} />}>
          {text.create}
        </Button>
      </form>
    </div>
  );
}
