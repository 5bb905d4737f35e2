import type { Icon } from '@tabler/icons-react';
import classes from './empty.module.css';

export interface EmptyProps {
  icon: Icon;
  title: string;
  text: string;
  /** What to do next. */
  children?: React.ReactNode;
}

/** A place with nothing in it yet, and what would change that. */
export function Empty({ icon: Picture, title, text, children }: EmptyProps) {
  return (
    <div className={classes.page}>
      <div className={classes.picture} aria-hidden="true">
        <Picture size={44} stroke={1.2} />
      </div>
      <h1>{title}</h1>
      <p>{text}</p>
      <div className={classes.next}>{children}</div>
    </div>
  );
}
