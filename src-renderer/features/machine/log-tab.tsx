import { ActionIcon, Button, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import { IconFolderOpen, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { LogTail, MachineSummary } from '../../../src-main/contract/machine.ts';
import { call, failureOf } from '../../api/bridge.ts';
import { machineLogQuery } from '../../api/queries.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { bytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import { plainText, searched } from './log-model.ts';
import classes from './machine.module.css';

export function LogTab({ machine }: { machine: MachineSummary }) {
  const [source, setSource] = useState<'serial' | 'host'>('serial');
  const [term, setTerm] = useState('');
  const { data, error, refetch, isFetching } = useQuery(
    machineLogQuery(machine.id, source, machine.state === 'running'),
  );
  const text = useMemo(() => plainText(data?.text ?? ''), [data?.text]);
  const { parts, matches } = useMemo(() => searched(text, term), [text, term]);
  return (
    <div className={classes.log}>
      <div className={classes.toolbar}>
        <SegmentedControl
          size="xs"
          value={source}
          aria-label={en.detail.tabs.log}
          onChange={(value) => setSource(value as 'serial' | 'host')}
          data={[
            { value: 'serial', label: en.log.serial },
            { value: 'host', label: en.log.host },
          ]}
        />
        <TextInput
          size="xs"
          className={classes.search ?? ''}
          value={term}
          leftSection={<IconSearch size={14} />}
          placeholder={en.log.search}
          aria-label={en.log.search}
          onChange={(event) => setTerm(event.currentTarget.value)}
        />
        <span className={classes.quiet} aria-live="polite">
          {term !== '' && en.log.matches(matches)}
        </span>
        <span className={classes.fill} />
        <span className={classes.quiet}>{data === undefined ? '' : sizeLine(data)}</span>
        <Tooltip label={en.log.refresh}>
          <ActionIcon variant="default" loading={isFetching} aria-label={en.log.refresh} onClick={() => void refetch()}>
            <IconRefresh size={15} />
          </ActionIcon>
        </Tooltip>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconFolderOpen size={15} />}
          onClick={() => void call('machine.openFolder', { id: machine.id }).catch(() => undefined)}
        >
          {en.log.folder}
        </Button>
      </div>
      {error !== null && <FailureBanner title={en.log.failed} message={failureOf(error).message} />}
      <LogText parts={parts} empty={data !== undefined && text === ''} term={term} />
    </div>
  );
}

function sizeLine({ size, text, truncated }: LogTail): string {
  return truncated ? en.log.tail(bytes(text.length), bytes(size)) : en.log.whole(bytes(size));
}

interface LogTextProps {
  parts: ReturnType<typeof searched>['parts'];
  empty: boolean;
  term: string;
}

/** Keeps to the end while new lines come, unless someone scrolled up; a search leads to its last match. */
function LogText({ parts, empty, term }: LogTextProps) {
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: to scroll whenever the text has changed
  useEffect(() => {
    if (term === '' && atEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [parts, term]);
  useEffect(() => {
    if (term !== '') [...(box.current?.querySelectorAll('mark') ?? [])].at(-1)?.scrollIntoView({ block: 'center' });
  }, [term]);
  if (empty) return <p className={classes.quiet}>{en.log.empty}</p>;
  return (
    <section
      ref={box}
      className={classes.logText}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={en.detail.tabs.log}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      <pre>
        {parts.map((part, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces have nothing but their place
          part.match ? <mark key={index}>{part.text}</mark> : part.text,
        )}
      </pre>
    </section>
  );
}
