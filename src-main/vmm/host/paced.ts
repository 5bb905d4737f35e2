/** Calls at once, but not twice within `ms`: of what comes meanwhile, the last is done when the time is over. */
export function paced(ms: number): (action: () => void) => void {
  let waiting: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const open = (): void => {
    timer = undefined;
    const action = waiting;
    waiting = undefined;
    if (action) run(action);
  };
  const run = (action: () => void): void => {
    timer = setTimeout(open, ms).unref();
    action();
  };
  return (action) => {
    if (timer === undefined) run(action);
    else waiting = action;
  };
}
