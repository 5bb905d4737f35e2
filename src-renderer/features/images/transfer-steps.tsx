import { Progress } from '@mantine/core';
import { FailureBanner } from '../../components/failure-banner.tsx';
import classes from '../../components/table-page.module.css';
import { bytes } from '../../locales/amounts.ts';
import { en } from '../../locales/en.ts';
import type { TransferState } from './use-transfer.ts';

/** How far a transfer is, and why the last one failed. */
export function TransferSteps({ steps, failed }: TransferState) {
  return (
    <>
      {failed !== undefined && (
        <FailureBanner
          title={en.images.transferFailed[failed.name]}
          message={failed.failure.message}
          hint={failed.failure.hint}
        />
      )}
      {steps !== undefined && (
        <ul className={classes.progress} aria-live="polite">
          {steps.map(({ id, status, current, total }) => (
            <li key={id ?? status}>
              <span>
                {id === undefined ? '' : `${id} · `}
                {status}
                {current !== undefined && ` · ${bytes(current)}`}
              </span>
              {current !== undefined && total !== undefined && (
                <Progress value={(current / total) * 100} size="sm" aria-label={status} />
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
