import { Center, Loader } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { FailureRecord } from '../../src-main/contract/failure.ts';
import { Empty } from './empty.tsx';
import { FailureBanner } from './failure-banner.tsx';
import classes from './table-page.module.css';

export interface TablePageProps<Item> {
  text: { title: string; failed: string; emptyTitle: string; emptyText: string };
  icon: Icon;
  /** undefined until it is known. */
  items: readonly Item[] | undefined;
  failure: FailureRecord | undefined;
  /** What makes one more: beside the title, or in the middle while there is none. */
  add: React.ReactNode;
  row: (item: Item) => React.ReactNode;
  /** After the last row. */
  below?: React.ReactNode;
}

/** A list of things of one kind under its title: waiting, failed, empty or with a row for each. */
export function TablePage<Item>({ text, icon, items, failure, add, row, below }: TablePageProps<Item>) {
  if (failure !== undefined && items === undefined) {
    return (
      <div className={classes.page}>
        <FailureBanner title={text.failed} message={failure.message} hint={failure.hint} />
      </div>
    );
  }
  if (items === undefined) {
    return (
      <Center h="100%">
        <Loader aria-label={text.title} />
      </Center>
    );
  }
  if (items.length === 0) {
    return (
      <Empty icon={icon} title={text.emptyTitle} text={text.emptyText}>
        {add}
      </Empty>
    );
  }
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>{text.title}</h1>
        {add}
      </header>
      <ul className={classes.rows}>{items.map(row)}</ul>
      {below}
    </div>
  );
}
