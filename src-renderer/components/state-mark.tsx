import type { MachineState } from '../../src-main/contract/machine.ts';
import { en } from '../locales/en.ts';
import classes from './state-mark.module.css';

const shapes: Record<MachineState, React.ReactNode> = {
  stopped: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  starting: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="16 9" />,
  stopping: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="16 9" />,
  running: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  paused: <path d="M2.5 1.5h2.5v9H2.5zM7 1.5h2.5v9H7z" fill="currentColor" />,
  crashed: <path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  broken: <path d="M6 .8 11.6 11H.4z" fill="currentColor" />,
};

/** A state by shape and colour; the words beside it, or for screen readers, say the same. */
export function StateMark({ state, labelled = false }: { state: MachineState; labelled?: boolean }) {
  return (
    <span className={classes.mark} data-state={state}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        {shapes[state]}
      </svg>
      {labelled && <span className={classes.label}>{en.state[state]}</span>}
    </span>
  );
}
