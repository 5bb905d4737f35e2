import { useEffect, useRef } from 'react';
import { useStream } from '../../api/use-stream.ts';
import { FailureBanner } from '../../components/failure-banner.tsx';
import { en } from '../../locales/en.ts';
import classes from './containers.module.css';

/** Characters kept on the screen; the whole log is the engine's. */
const KEPT = 400_000;

const append = (before: string | undefined, { text }: { text: string }): string =>
  `${before ?? ''}${text}`.slice(-KEPT);

/** A container's output, as it comes. Keeps to the end unless someone scrolled up. */
export function LogsTab({ id }: { id: string }) {
  const { value = '', failure } = useStream('container.logs', { id }, append);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: to scroll whenever the text has changed
  useEffect(() => {
    if (atEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [value]);
  return (
    <div className={classes.logs}>
      {failure !== undefined && <FailureBanner title={en.containers.logsFailed} message={failure.message} />}
      {value === '' && failure === undefined && <p className={classes.quiet}>{en.containers.noLogs}</p>}
      {value !== '' && (
        <pre
          ref={box}
          className={`${classes.text} selectable`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
          }}
        >
          {value}
        </pre>
      )}
    </div>
  );
}
