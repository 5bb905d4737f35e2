import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { TestContainers } from './containers.ts';

const MIB = 1 << 20;

describe('limits bite', { timeout: 120_000 * SLOWNESS }, () => {
  if (!need('root')) return test('needs root', () => undefined);
  const containers = new TestContainers();

  test('memory over the limit: killed, and reported as such', async () => {
    const { exit } = await containers.run(['/bin/dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'], (spec) => {
      spec.linux = { ...spec.linux, resources: { ...spec.linux.resources, memory: { limit: 48 * MIB } } };
    });
    expect(exit).toMatchObject({ code: 137, signal: 'SIGKILL', oomKilled: true });
  });

  test('a program that stays below the limit is not killed', async () => {
    const { exit } = await containers.run(['/bin/dd', 'if=/dev/zero', 'of=/dev/null', 'bs=8M', 'count=1'], (spec) => {
      spec.linux = { ...spec.linux, resources: { ...spec.linux.resources, memory: { limit: 48 * MIB } } };
    });
    expect(exit).toMatchObject({ code: 0, oomKilled: false });
  });

  test('a fork bomb stops at pids.max', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 30 & done; true';
    const { stderr, exit } = await containers.run(['/bin/sh', '-c', script], (spec) => {
      spec.linux = { ...spec.linux, resources: { ...spec.linux.resources, pids: { limit: 10 } } };
    });
    expect(stderr).toMatch(/can't fork/);
    expect(exit.code).not.toBe(0);
  });

  test('a cpu quota holds within 10 percent', async () => {
    // The kernel counts the periods in which there was something to run, and what it ran in them.
    const script =
      'yes >/dev/null & p=$!; sleep 3; kill $p; cd /sys/fs/cgroup; cat cpu/cpu.stat cpuacct/cpuacct.usage cpu.stat 2>/dev/null; true';
    const { stdout } = await containers.run(['/bin/sh', '-c', script], (spec) => {
      const cpu = { quota: 20_000, period: 100_000 };
      spec.linux = { ...spec.linux, resources: { ...spec.linux.resources, cpu } };
    });
    const periods = Number(/nr_periods (\d+)/.exec(stdout)?.[1]);
    const throttled = Number(/nr_throttled (\d+)/.exec(stdout)?.[1]);
    expect(periods).toBeGreaterThan(10);
    expect(throttled).toBeGreaterThan(0);
    const microseconds = Number(/usage_usec (\d+)/.exec(stdout)?.[1] ?? Number(/^(\d+)$/m.exec(stdout)?.[1]) / 1000);
    expect(microseconds).toBeLessThan(periods * 20_000 * 1.1);
  });

  test('devices: what the policy denies cannot be opened, what it allows can', async () => {
    const script =
      'mknod /dev/mine c 1 5; mknod /dev/kmsg c 1 11; head -c1 /dev/mine | wc -c; cat /dev/kmsg 2>&1; true';
    const said = await containers.shell(script);
    expect(said).toMatch(/^1\n.*kmsg.*Operation not permitted/s);
  });

  test('rlimits, oom score, umask, user and groups are the configured ones', async () => {
    const said = await containers.shell(
      'ulimit -n; cat /proc/self/oom_score_adj; umask; id -u; id -g; id -G',
      (spec) => {
        spec.process = {
          ...spec.process,
          rlimits: [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }],
          oomScoreAdj: 321,
          user: { uid: 1000, gid: 1001, umask: 0o077, additionalGids: [7, 8] },
        };
      },
    );
    expect(said.split('\n')).toEqual(['100', '321', '0077', '1000', '1001', '1001 7 8']);
  });

  test('hooks run in their order, with the state on their input', async () => {
    const log = `${containers.bundle.path}/hooks`;
    const hook = (name: string) => [
      { path: '/bin/sh', args: ['sh', '-c', `read s; echo "${name} $s" >> ${log}`], env: ['PATH=/bin'] },
    ];
    await containers.run(['/bin/true'], (spec) => {
      spec.hooks = { createRuntime: hook('createRuntime'), poststart: hook('poststart'), poststop: hook('poststop') };
    });
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['createRuntime', 'poststart', 'poststop']);
    expect(lines.every((line) => /"ociVersion":"1\.2\.0"/.test(line))).toBe(true);
  });
});
