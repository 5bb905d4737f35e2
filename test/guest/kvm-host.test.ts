import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { isGone } from '../support/process-end.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

describe('the VM host of a micro-guest on KVM', () => {
  const met = need('kvm');
  let hosts: VmHosts;

  beforeAll(async () => {
    if (met) hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  it('starts detached, says so, and is listed with its pid', async () => {
    const id = hosts.create(kernels.idle);
    const { pid, accelerator } = await hosts.fleet.start(id);
    expect(accelerator).toBe('kvm');
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'running', accelerator: 'kvm', cpus: 1, pid });
    expect(hosts.lastRun(id)).toMatchObject({ outcome: 'running', pid });
    const visitor = await hosts.visit(id);
    expect((await visitor.has(3)).toString()).toBe('up\n');
  });

  it('cannot be started twice, and the first is none the worse', async () => {
    const id = await hosts.run(kernels.idle);
    await expect(hosts.fleet.start(id)).rejects.toMatchObject({ failureClass: 'state' });
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'running', pid: hosts.pid(id) });
  });

  it('follows a guest that switches itself off when its power button is pressed', async () => {
    const id = await hosts.run(kernels.polite);
    await (await hosts.visit(id)).has(3);
    await hosts.fleet.stop(id);
    const { state, reason } = await hosts.fleet.wait(id);
    expect([state, reason]).toEqual(['stopped', undefined]);
    expect(hosts.lastRun(id).outcome).toBe('off');
    expect(existsSync(hosts.paths(id).runtime)).toBe(false);
  });

  it('ends with the guest at its debug exit, before its next instruction', async () => {
    const id = hosts.create(kernels.leave, { devices: { debugExit: true } });
    await hosts.fleet.start(id);
    expect(await hosts.fleet.wait(id)).toMatchObject({ state: 'stopped' });
    expect(readFileSync(hosts.paths(id).hostLog, 'utf8')).toContain('"debugExit":7');
    expect(readFileSync(hosts.paths(id).serialLog, 'utf8')).toBe('');
  });

  it('keeps what the guest writes to the debug console in a log of its own', async () => {
    const id = await hosts.run(kernels.debugPrinter);
    const log = hosts.paths(id).debugLog;
    expect(
      await eventually('the debug log', () => {
        const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
        return text.length >= 3 ? text : undefined;
      }),
    ).toBe('dbg');
  });

  it('ends cleanly on SIGTERM', async () => {
    const id = await hosts.run(kernels.spin);
    const qmp = await hosts.negotiated(id);
    process.kill(hosts.pid(id), 'SIGTERM');
    expect((await qmp.event('SHUTDOWN')).data).toEqual({ guest: false, reason: 'host-signal' });
    await eventually('its end', () => isGone(hosts.pid(id)) || undefined);
    expect(hosts.lastRun(id).outcome).toBe('off');
    expect(existsSync(hosts.paths(id).runtime)).toBe(false);
  });

  it('killed, leaves a machine that is reported crashed with the reason, and starts again', async () => {
    const id = await hosts.run(kernels.idle);
    const pid = hosts.pid(id);
    process.kill(pid, 'SIGKILL');
    await eventually('its end', () => isGone(pid) || undefined);
    // The kernel frees the lock with the last thread, a moment after the process counts as gone.
    const summary = await eventually('the crash being reported', async () => {
      const now = await hosts.fleet.summary(id);
      return now.state === 'crashed' ? now : undefined;
    });
    expect(summary.reason).toContain(`(pid ${pid}) ended without a word`);
    expect(existsSync(hosts.paths(id).runtime)).toBe(false);
    await hosts.fleet.start(id);
    expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'running' });
  });

  it.runIf(process.getuid?.() === 0)('keeps the guest running when the disk with its serial log is full', async () => {
    const id = hosts.create(kernels.echo);
    const { logs } = hosts.paths(id);
    mkdirSync(logs, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'bulkhead-test', logs]);
    try {
      await hosts.fleet.start(id);
      const visitor = await hosts.visit(id);
      await visitor.has(1);
      const text = Buffer.alloc(24 * 1024, 'bulkhead ');
      visitor.socket.write(text);
      expect((await visitor.has(1 + text.length)).subarray(1).equals(text)).toBe(true);
      expect(await hosts.fleet.summary(id)).toMatchObject({ state: 'running' });
      await hosts.fleet.kill(id);
    } finally {
      execFileSync('umount', ['-l', logs]);
      rmSync(logs, { recursive: true, force: true });
    }
  });
});
