import type { PullStep } from '../../../src-main/contract/container.ts';

const SHOWN = 12;

/** A step of a part that is known already takes its place; others come last, and the first go. */
export function withStep(before: readonly PullStep[], step: PullStep): readonly PullStep[] {
  const at = step.id === undefined ? -1 : before.findIndex(({ id }) => id === step.id);
  return at < 0 ? [...before, step].slice(-SHOWN) : before.with(at, step);
}
