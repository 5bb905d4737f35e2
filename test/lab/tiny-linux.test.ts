import { describe, expect, test } from 'vitest';
import { clone } from '../support/lab/lab.ts';
import { type LabMachine, PROGRAM } from '../support/lab/lab-bulkhead.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';

const QMP = `node ${clone}/test/support/lab/qmp.mjs`;

describe('Tiny Linux on KVM, by the command line client', LAB_RETRY, () => {
  const session = labSession();

  async function bootAndLogIn(name: string, ...options: string[]): Promise<LabMachine> {
    const machine = await session.bulkhead.create(name, '--guest', 'tiny-linux', '--memory', '128M', ...options);
    await machine.start('login:');
    await machine.logIn();
    return machine;
  }

  async function uptime(machine: LabMachine): Promise<number> {
    return Number((await machine.answer('cat /proc/uptime')).split(' ')[0]);
  }

  test('`--accel auto` takes KVM where it runs guests, and `host check` says so', async () => {
    const checks = await session.bulkhead.json<{ name: string; ok: boolean }[]>(['host', 'check']);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'KVM', ok: true }));
    const machine = await session.bulkhead.create('auto', '--guest', 'tiny-linux', '--memory', '128M');
    expect(await machine.start('Tiny Linux is up')).toMatch(/runs on kvm/);
    expect(await machine.listed()).toMatchObject({ state: 'running', accelerator: 'kvm' });
    await machine.vm('kill');
    expect(await machine.state()).toBe('stopped');
    expect(await machine.left()).toBe('');
  });

  test('the client and the VM host also run in the Electron that ships', { tags: ['long'] }, async () => {
    const machine = await session.bulkhead.create(
      'electron',
      '--guest',
      'tiny-linux',
      '--memory',
      '128M',
      '--accel',
      'kvm',
    );
    const { lab, bulkhead } = session;
    const electron = [process.execPath, `${PROGRAM}/bulkhead`];
    const env = { ...bulkhead.env, ELECTRON_RUN_AS_NODE: '1' };
    const start = [...electron, 'vm', 'start', 'electron', '--wait-for', 'login:', '--timeout', '120'];
    const end = await lab.exec(start, { env, seconds: 140 });
    expect(end, end.stderr).toMatchObject({ code: 0 });
    const { pid } = await machine.listed();
    expect(await lab.output(`readlink /proc/${pid}/exe`)).toBe(`${process.execPath}\n`);
    await machine.vm('kill');
    expect(await machine.left()).toBe('');
  });

  test('a login answers uname -a; poweroff in the guest ends the machine', async () => {
    const machine = await bootAndLogIn('poweroff', '--accel', 'kvm');
    expect(await machine.answer('uname -a')).toMatch(/^Linux tiny 6\.\S+ .* i686 GNU\/Linux$/);
    expect(await machine.answer('dmesg | grep -i "hypervisor detected"')).toMatch(/KVM/);
    await machine.type('poweroff\\n');
    await machine.wait();
    expect(await machine.state()).toBe('stopped');
    expect(await machine.left()).toBe('');
  });

  test('reboot in the guest resets the machine: QMP says RESET, and it boots again', async () => {
    const machine = await bootAndLogIn('reboot', '--accel', 'kvm');
    const { pid } = await machine.listed();
    const events = session.lab.output(`${QMP} ${machine.paths.qmp} --until RESET`, { seconds: 90 });
    await machine.type('reboot\\n');
    expect(JSON.parse((await events).trim().split('\n').at(-1)!)).toMatchObject({
      event: 'RESET',
      data: { guest: true, reason: 'guest-reset' },
    });
    await machine.logged('login:', { times: 2 });
    expect(await machine.listed()).toMatchObject({ state: 'running', pid });
    await machine.vm('kill');
  });

  test('`vm stop` presses the ACPI power button, and the guest shuts down', async () => {
    const machine = await bootAndLogIn('button', '--accel', 'kvm');
    await machine.vm('stop');
    await machine.wait();
    expect(await machine.state()).toBe('stopped');
    expect(await session.lab.output(`tail -n 3 ${machine.paths.log}`)).toMatch(/reboot: Power down/);
    expect(await machine.left()).toBe('');
  });

  test('paused, the guest prints nothing and its clock stands still; resumed, it goes on', {
    tags: ['long'],
  }, async () => {
    const PAUSE_S = 20;
    const machine = await bootAndLogIn('pause', '--accel', 'kvm');
    const began = performance.now();
    const before = await uptime(machine);
    await machine.vm('pause');
    expect(await machine.state()).toBe('paused');
    await machine.type('echo typed while paused\\n');
    const printed = (): Promise<string> => session.lab.output(`stat -c %s ${machine.paths.log}`);
    const then = await printed();
    await session.lab.output(`sleep ${PAUSE_S}`);
    expect(await printed()).toBe(then);
    await machine.vm('resume');
    await machine.logged('^typed while paused');
    const after = await uptime(machine);
    expect(await machine.state()).toBe('running');
    const passed = (performance.now() - began) / 1000;
    expect(after - before).toBeGreaterThan(0);
    expect(after - before).toBeLessThan(passed - PAUSE_S * 0.75);
    await machine.vm('kill');
  });

  test('several processors in an odd layout, of a model with a flag taken away, are what the guest sees', async () => {
    const processor = ['--topology', '1x3x1', '--cpu', 'EPYC-Rome,-sse4a'];
    const machine = await bootAndLogIn('processors', '--accel', 'kvm', ...processor);
    const cpuinfo = await machine.answer('cat /proc/cpuinfo');
    const told = (field: string) =>
      [...cpuinfo.matchAll(new RegExp(`^${field}\\s*: (.*)$`, 'gm'))].map(([, value]) => value);
    expect(told('core id')).toEqual(['0', '1', '2']);
    expect(told('cpu cores')).toEqual(['3', '3', '3']);
    expect(told('model name')).toEqual(Array(3).fill('AMD EPYC-Rome Processor'));
    for (const flags of told('flags')) {
      expect(flags?.split(' ')).toContain('sse4_2');
      expect(flags?.split(' ')).not.toContain('sse4a');
    }
    const stats = JSON.parse(await machine.vm('stats', '--json')) as { vcpus: { state: string }[] };
    expect(stats.vcpus.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    await machine.vm('reset');
    await machine.vm('kill');
  });

  test('every byte of a long counted output reaches the log', { tags: ['long'] }, async () => {
    const machine = await bootAndLogIn('serial', '--accel', 'kvm');
    // 25,000 lines of 8 bytes take 170 s where the lab's one processor runs the guest, who drains its console, and this wait.
    await machine.type('seq 100001 125000; echo DO""NE\\n');
    await machine.logged('^DONE', { seconds: 400 });
    const numbers = `${PROGRAM}/bulkhead vm log serial | grep -aE '^1[0-9]{5}\r$' | cmp - <(seq 100001 125000 | sed 's/$/\r/')`;
    const end = await session.lab.shell(numbers, { env: session.bulkhead.env });
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    await machine.vm('kill');
  });
});
