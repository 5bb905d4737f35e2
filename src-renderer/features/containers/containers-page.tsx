import { ActionIcon, Button, Center, Loader, TextInput, Tooltip } from '@mantine/core';
import { IconBox, IconPlus, IconSearch } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { Link, Outlet, useLocation, useNavigate, useOutletContext, useParams } from 'react-router';
import type { ContainerSummary } from '../../../src-main/contract/container.ts';
import { useStream } from '../../api/use-stream.ts';
import { Empty } from '../../components/empty.tsx';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { RemoveUnusedButton } from '../../components/remove-unused-button.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { en } from '../../locales/en.ts';
import { rowAfterKey } from '../machines/list-model.ts';
import classes from '../machines/machines.module.css';
import { applyItem, markOf, matching } from './container-model.ts';

const text = en.containers;

/** The list and, beside it, a container or the form; the empty screen while there is none. */
export function ContainersPage() {
  const { value: containers, failure } = useStream('container.list', undefined, applyItem);
  const creating = useLocation().pathname === '/containers/new';
  if (failure !== undefined && containers === undefined) {
    return (
      <div className={classes.alone}>
        <FailureBanner title={text.failed} message={failure.message} hint={failure.hint} />
      </div>
    );
  }
  if (containers === undefined) {
    return (
      <Center h="100%">
        <Loader aria-label={text.title} />
      </Center>
    );
  }
  if (containers.length === 0 && !creating) {
    return (
      <Empty icon={IconBox} title={text.emptyTitle} text={text.emptyText}>
        <Button component={Link} to="/containers/new" leftSection={<IconPlus size={17} />}>
          {text.create}
        </Button>
        <Button component={Link} to="/images" variant="default">
          {text.toImages}
        </Button>
      </Empty>
    );
  }
  return (
    <div className={classes.page}>
      <ContainerList containers={containers} />
      <div className={classes.detail}>
        <Outlet context={containers} />
      </div>
    </div>
  );
}

/** The containers as the page around knows them. */
export function useContainers(): readonly ContainerSummary[] {
  return useOutletContext<readonly ContainerSummary[]>();
}

export function ChooseContainer() {
  return <Center h="100%">{text.select}</Center>;
}

function ContainerList({ containers }: { containers: readonly ContainerSummary[] }) {
  const [filter, setFilter] = useState('');
  const { id: shownId } = useParams();
  const navigate = useNavigate();
  const rows = useRef<HTMLUListElement>(null);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const all = [...(rows.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const next = rowAfterKey(event.key, all.indexOf(document.activeElement as HTMLElement), all.length);
    if (next === undefined) return;
    event.preventDefault();
    all[next]?.focus();
  };
  const shown = matching(containers, filter);
  const ended = containers.filter(({ state }) => state === 'created' || state === 'exited');
  const running = containers.filter(({ state }) => state === 'running').length;
  return (
    <section className={classes.list} aria-label={text.title}>
      <header className={classes.listHead}>
        <h1>{text.title}</h1>
        <Tooltip label={text.create}>
          <ActionIcon size="lg" aria-label={text.create} onClick={() => void navigate('/containers/new')}>
            <IconPlus size={19} />
          </ActionIcon>
        </Tooltip>
      </header>
      <TextInput
        className={classes.filter ?? ''}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        leftSection={<IconSearch size={16} stroke={1.7} />}
        placeholder={text.filter}
        aria-label={text.filter}
      />
      <ul className={classes.rows} ref={rows} onKeyDown={onKeyDown}>
        {shown.map((container) => (
          <li key={container.id}>
            <button
              type="button"
              data-row
              className={classes.row}
              aria-current={container.id === shownId || undefined}
              onClick={() => void navigate(`/containers/${container.id}`)}
            >
              <StateMark state={markOf[container.state]} />
              <span className={classes.rowWords}>
                <span className={classes.rowName}>{container.name}</span>
                <span className={classes.rowState}>
                  {text.state[container.state]} · {container.image}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 && containers.length > 0 && <p className={classes.nothing}>{text.nothingFound(filter)}</p>}
      <RemoveUnusedButton kind="container" items={ended.map(({ name }) => name)} />
      {running > 0 && (
        <footer className={classes.listFoot}>
          <strong>{en.list.running(running)}</strong>
          <span>{text.keepRunning}</span>
        </footer>
      )}
    </section>
  );
}
