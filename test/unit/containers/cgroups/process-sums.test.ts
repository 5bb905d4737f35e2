import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processSums, statsOfProcesses } from '../../../../src-main/containers/cgroups/process-sums.ts';
import { CgroupV2 } from '../../../../src-main/containers/cgroups/v2.ts';

test('time, memory and threads of living processes are summed; one that has ended has none', () => {
  const own = processSums([process.pid]);
  expect(own.user).toBeGreaterThan(0);
  expect(own.memory).toBeGreaterThan(10 << 20);
  expect(own.threads).toBeGreaterThan(1);
  const twice = processSums([process.pid, process.pid, 2 ** 22 + 1]);
  expect(twice.threads).toBe(2 * own.threads);
  expect(statsOfProcesses([]).memory.usage).toBe(0);
});

test('proc_pid_stat(5): the time of a child that was waited for stays', async () => {
  const script = "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; echo done; read -r line";
  const shell = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    await once(shell.stdout, 'data');
    // More than the shell itself has taken to start.
    expect(processSums([shell.pid ?? 0]).user).toBeGreaterThan(20_000_000);
  } finally {
    shell.stdin.end();
  }
});

test('proc_pid_io(5): what was written counts', () => {
  const written = (): number => Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  const before = written();
  const { writeBytes } = processSums([process.pid]);
  expect(writeBytes).toBeGreaterThanOrEqual(before);
  expect(writeBytes).toBeLessThanOrEqual(written());
});

test('cgroup-v2.rst §Delegation: what a controller that is missing does not count, the processes tell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-cgroup-'));
  try {
    writeFileSync(join(folder, 'cgroup.procs'), `${process.pid}\n`);
    writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 5\nuser_usec 3\nsystem_usec 2\n');
    const cgroup = new CgroupV2(folder, folder);
    expect(cgroup.stats().memory.usage).toBeGreaterThan(10 << 20);
    expect(cgroup.stats().pids.current).toBeGreaterThan(1);
    expect(cgroup.stats().io).toHaveLength(1);
    expect(cgroup.stats().cpu.total).toBe(5000);
    for (const [name, text] of [
      ['memory.current', '4096'],
      ['pids.current', '1'],
      ['io.stat', ''],
    ] as const) {
      writeFileSync(join(folder, name), text);
    }
    expect(cgroup.stats()).toMatchObject({ memory: { usage: 4096 }, pids: { current: 1 }, io: [] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
