import classes from './panel.module.css';

export interface PanelProps {
  title?: string;
  aside?: React.ReactNode;
  children: React.ReactNode;
}

/** A titled surface. */
export function Panel({ title, aside, children }: PanelProps) {
  return (
    <section className={classes.panel} aria-label={title}>
      {title !== undefined && (
        <header className={classes.head}>
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}

export interface Fact {
  label: string;
  value: React.ReactNode;
  /** Something beside the value, such as a copy button. */
  aside?: React.ReactNode;
  mono?: boolean;
}

/** Names and their values, one under the other. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(({ label, value, aside, mono }) => (
        <div key={label} className={classes.fact}>
          <dt>{label}</dt>
          <dd data-mono={mono || undefined}>
            <span>{value}</span>
            {aside}
          </dd>
        </div>
      ))}
    </dl>
  );
}
