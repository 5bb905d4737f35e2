import { ActionIcon, Button, Checkbox, Menu, TextInput, Tooltip } from '@mantine/core';
import { IconNetwork, IconPlugConnected, IconPlugConnectedX, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { NetworkSummary } from '../../../src-main/contract/container.ts';
import { complain } from '../../actions/complain.ts';
import { confirm } from '../../actions/confirm.ts';
import { call } from '../../api/bridge.ts';
import { useNewest } from '../../api/use-stream.ts';
import table from '../../components/table-page.module.css';
import { TablePage } from '../../components/table-page.tsx';
import { en } from '../../locales/en.ts';
import { type Candidate, candidatesOf, membersOf } from './network-model.ts';
import classes from './networks.module.css';

const text = en.networks;

export function NetworksPage() {
  const { value, failure } = useNewest('network.list', undefined);
  const own = value?.filter(({ builtIn }) => !builtIn);
  return (
    <TablePage
      text={text}
      icon={IconNetwork}
      items={value}
      failure={failure}
      add={<NewNetwork />}
      row={(network) => (
        <NetworkRow key={network.id} network={network} candidates={candidatesOf(network, value ?? [])} />
      )}
      below={own?.length === 0 ? <Hint /> : undefined}
    />
  );
}

/** The networks of everybody are always there: what one's own are for is said below them. */
function Hint() {
  return (
    <section className={classes.hint}>
      <h2>{text.emptyTitle}</h2>
      <p>{text.emptyText}</p>
    </section>
  );
}

function NetworkRow({ network, candidates }: { network: NetworkSummary; candidates: Candidate[] }) {
  const { name, subnet, gateway, internal, builtIn, members } = network;
  const remove = async (): Promise<void> => {
    const yes = await confirm({
      title: text.removeTitle(name),
      text: text.removeText,
      confirmLabel: text.remove,
      danger: true,
    });
    if (yes) await call('network.remove', { name }).catch((error) => complain(text.removeFailed(name), error));
  };
  const leave = (container: string): void => {
    const place = { network: name, container };
    call('network.disconnect', place).catch((error) => complain(text.disconnectFailed(container), error));
  };
  const running = members.some(({ address }) => address !== '');
  return (
    <li className={table.row}>
      <div className={table.rowHead}>
        <IconNetwork size={20} stroke={1.5} aria-hidden="true" />
        <div className={table.words}>
          <strong className="selectable">{name}</strong>
          <span className="selectable">
            {subnet === '' ? text.meaning[name] : text.addresses(subnet, gateway, internal)}
          </span>
        </div>
        {subnet === '' ? null : <Connect network={name} candidates={candidates} />}
        {builtIn ? null : (
          <Tooltip label={running ? text.inUse : text.remove}>
            <ActionIcon
              variant="default"
              size={30}
              aria-label={text.removeNamed(name)}
              disabled={running}
              onClick={() => void remove()}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {members.length === 0 ? null : (
        <ul className={table.steps}>
          {membersOf(members).map(({ id, name: container, where }) => (
            <li key={id} className={classes.member}>
              <Link to={`/containers/${id}`}>{container}</Link>
              <span className="selectable">{where}</span>
              {subnet === '' ? null : (
                <Tooltip label={text.disconnect}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={24}
                    aria-label={text.disconnectNamed(container)}
                    onClick={() => leave(container)}
                  >
                    <IconPlugConnectedX size={15} />
                  </ActionIcon>
                </Tooltip>
              )}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Connect({ network, candidates }: { network: string; candidates: Candidate[] }) {
  const join = (container: string): void => {
    call('network.connect', { network, container }).catch((error) => complain(text.connectFailed(container), error));
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          disabled={candidates.length === 0}
          leftSection={<IconPlugConnected size={15} />}
          aria-label={text.connectTo(network)}
        >
          {text.connect}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {candidates.map(({ id, name }) => (
          <Menu.Item key={id} onClick={() => join(name)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function NewNetwork() {
  const [name, setName] = useState('');
  const [subnet, setSubnet] = useState('');
  const [internal, setInternal] = useState(false);
  const create = (event: React.FormEvent): void => {
    event.preventDefault();
    call('network.create', { name: name.trim(), subnet, internal }).then(
      () => {
        setName('');
        setSubnet('');
        setInternal(false);
      },
      (error) => complain(text.createFailed, error),
    );
  };
  return (
    <form className={classes.form} onSubmit={create}>
      <TextInput
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        placeholder={text.nameHint}
        aria-label={text.name}
      />
      <TextInput
        value={subnet}
        onChange={(e) => setSubnet(e.currentTarget.value)}
        placeholder={text.subnetHint}
        aria-label={text.subnet}
      />
      <Checkbox label={text.internal} checked={internal} onChange={(e) => setInternal(e.currentTarget.checked)} />
      <Button type="submit" disabled={name.trim() === ''} leftSection={<IconPlus size={16} />}>
        {text.create}
      </Button>
    </form>
  );
}
