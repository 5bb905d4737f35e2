import { CloseButton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { en } from '../locales/en.ts';
import classes from './failure-banner.module.css';

export interface FailureBannerProps {
  title: string;
  message: string;
  hint?: string | undefined;
  onDismiss?: (() => void) | undefined;
  children?: React.ReactNode;
}

/** Says what did not work, why, and what can be done about it, where it belongs. */
export function FailureBanner({ title, message, hint, onDismiss, children }: FailureBannerProps) {
  return (
    <div className={classes.banner} role="alert">
      <IconAlertTriangle size={20} className={classes.icon} aria-hidden="true" />
      <div className={classes.words}>
        <strong>{title}</strong>
        <span className="selectable">{message}</span>
        {hint !== undefined && <span className={`${classes.hint} selectable`}>{hint}</span>}
        {children !== undefined && <div className={classes.actions}>{children}</div>}
      </div>
      {onDismiss !== undefined && <CloseButton size="sm" aria-label={en.detail.dismiss} onClick={onDismiss} />}
    </div>
  );
}
