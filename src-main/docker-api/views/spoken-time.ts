const STEPS: readonly (readonly [below: number, unit: number, name: string])[] = [
  [60, 1, 'second'],
  [60 * 60, 60, 'minute'],
  [48 * 3600, 3600, 'hour'],
  [14 * 86_400, 86_400, 'day'],
  [60 * 86_400, 7 * 86_400, 'week'],
  [730 * 86_400, 30 * 86_400, 'month'],
];

/** How long it is since a moment, as Docker's clients say it: `5 seconds`, `About a minute`, `3 hours`. */
export function since(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(at)) / 1000));
  if (seconds < 1) return 'Less than a second';
  for (const [below, unit, name] of STEPS) {
    if (seconds >= below) continue;
    const count = Math.floor(seconds / unit);
    if (count === 1 && name === 'minute') return 'About a minute';
    if (count === 1 && name === 'hour') return 'About an hour';
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return `${Math.floor(seconds / (365 * 86_400))} years`;
}
