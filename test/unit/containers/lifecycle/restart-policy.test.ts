import { describe, expect, test } from 'vitest';
import type { RestartPolicy } from '../../../../src-main/containers/lifecycle/container-config.ts';
import { restartDelay, startsWithEngine } from '../../../../src-main/containers/lifecycle/restart-policy.ts';

const run = { exitCode: 1, ranMs: 5, stoppedByUser: false, restarts: 0, delayMs: 0 };
const policy = (Name: RestartPolicy['Name'], MaximumRetryCount = 0): RestartPolicy => ({ Name, MaximumRetryCount });

describe('restart policies', () => {
  test.each([
    ['no', 1, false],
    ['always', 0, true],
    ['always', 1, true],
    ['unless-stopped', 0, true],
    ['on-failure', 0, false],
    ['on-failure', 1, true],
  ] as const)('%s after exit status %i: %s', (name, exitCode, again) => {
    expect(restartDelay(policy(name), { ...run, exitCode }) !== undefined).toBe(again);
  });

  test('what a user stopped stays stopped', () => {
    expect(restartDelay(policy('always'), { ...run, stoppedByUser: true })).toBeUndefined();
  });

  test('on-failure gives up after so many', () => {
    expect(restartDelay(policy('on-failure', 2), { ...run, restarts: 1 })).toBeDefined();
    expect(restartDelay(policy('on-failure', 2), { ...run, restarts: 2 })).toBeUndefined();
  });

  test('the wait doubles up to a minute, and a good run forgets it', () => {
    const next = (delayMs: number, ranMs = 5) => restartDelay(policy('always'), { ...run, delayMs, ranMs });
    expect([next(0), next(100), next(40_000), next(60_000), next(40_000, 10_000)]).toEqual([
      100, 200, 60_000, 60_000, 100,
    ]);
  });

  test('when the engine starts, always means always', () => {
    expect(startsWithEngine(policy('always'), true)).toBe(true);
    expect(startsWithEngine(policy('unless-stopped'), true)).toBe(false);
    expect(startsWithEngine(policy('unless-stopped'), false)).toBe(true);
    expect(startsWithEngine(policy('on-failure'), false)).toBe(false);
  });
});
