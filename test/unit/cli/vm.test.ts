import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isoImage } from '../../../src-main/storage/iso/iso-image.ts';
import type { MachineSummary } from '../../../src-main/vmm/client/machine-state.ts';
import { type CliResult, CliSession } from '../../support/cli-session.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const temporary = temporaryHome();
const kernel = join(import.meta.dirname, '../../../resources/guests/tiny-linux/bzImage');
const textFile = join(temporary.home, 'notes.txt');
beforeAll(() => writeFileSync(textFile, 'This is no kernel.\n'.repeat(100)));

let round = 0;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  env = { ...temporary.env, XDG_DATA_HOME: join(temporary.home, `d${round++}`) };
});
afterEach(async () => {
  for (const { name, pid } of await machines()) if (pid !== undefined) await run('vm', 'kill', name);
});

const run = (...argv: string[]): Promise<CliResult> => new CliSession(argv, env, { input: '' }).finished;
const machines = async (): Promise<MachineSummary[]> => JSON.parse((await run('vm', 'list', '--json')).stdout);
const create = (name = 't', ...more: string[]) => run('vm', 'create', name, '--kernel', kernel, ...more);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('bad input ends with its exit status and one error line', () => {
  const anyKernel = ['--kernel', kernel];
  it.each<[string, number, string, string[]]>([
    ['no verb', 2, '', ['vm']],
    ['an unknown verb', 2, "bulkhead: unknown command 'frob'", ['frob']],
    ['an unknown vm verb', 2, "vm: unknown command 'frob'", ['vm', 'frob']],
    ['a name missing', 2, "vm start: missing required argument 'name'", ['vm', 'start']],
    [
      'too many arguments',
      2,
      "vm start: too many arguments for 'start'. Expected 1 argument but got 2: a, b",
      ['vm', 'start', 'a', 'b'],
    ],
    ['an unknown option', 2, "vm list: unknown option '--bogus'", ['vm', 'list', '--bogus']],
    ['no such machine', 3, 'machine "nope": there is none of that name', ['vm', 'start', 'nope']],
    ['an unknown guest', 2, 'guest "beos": there is none of that name', ['vm', 'create', 'x', '--guest', 'beos']],
    ['nothing to boot', 2, 'vm create: nothing to boot: give --guest, --kernel or --firmware', ['vm', 'create', 'x']],
    ['no such kernel', 2, 'kernel /nope: no such file', ['vm', 'create', 'x', '--kernel', '/nope']],
    ['a text file as kernel', 2, `kernel ${textFile}: this is ASCII text`, ['vm', 'create', 'x', '--kernel', textFile]],
    [
      'no memory',
      2,
      'machine "x": 0 MiB of memory: at least 16 MiB',
      ['vm', 'create', 'x', ...anyKernel, '--memory', '0'],
    ],
    [
      'absurd memory',
      5,
      'machine "x": 1000000 MiB of memory: this computer has',
      ['vm', 'create', 'x', ...anyKernel, '--memory', '1000000'],
    ],
    [
      'memory in words',
      2,
      'memory "lots": a size like 512M or 2G is expected',
      ['vm', 'create', 'x', ...anyKernel, '--memory', 'lots'],
    ],
    ['negative memory', 2, 'memory "-5": a size like', ['vm', 'create', 'x', ...anyKernel, '--memory=-5']],
    [
      'a CPU model nobody knows',
      2,
      'there is no CPU model "EPIC"',
      ['vm', 'create', 'x', ...anyKernel, '--cpu', 'EPIC'],
    ],
    [
      'a layout that is not the CPUs',
      2,
      'machine "x": 2×2×1 is not 3 CPUs',
      ['vm', 'create', 'x', ...anyKernel, '--cpus', '3', '--topology', '2x2x1'],
    ],
    [
      'a layout in words',
      2,
      'topology "many": SOCKETSxCORESxTHREADS is expected',
      ['vm', 'create', 'x', ...anyKernel, '--topology', 'many'],
    ],
    ['too many CPUs', 2, 'machine "x": 65 CPUs: between 1 and 64', ['vm', 'create', 'x', ...anyKernel, '--cpus', '65']],
    ['no CPU', 2, 'machine "x": 0 CPUs: between 1 and 64', ['vm', 'create', 'x', ...anyKernel, '--cpus', '0']],
    [
      'an unknown accelerator',
      2,
      "vm create: option '--accel <which>' argument 'xen' is invalid",
      ['vm', 'create', 'x', ...anyKernel, '--accel', 'xen'],
    ],
    [
      'a path as name',
      2,
      'name "../x": a name starts with a letter or a digit',
      ['vm', 'create', '../x', ...anyKernel],
    ],
    ['no name', 2, 'name "": a machine needs a name', ['vm', 'create', '', ...anyKernel]],
    ['300 characters', 2, 'this one has 300', ['vm', 'create', 'x'.repeat(300), ...anyKernel]],
    ['an emoji', 2, 'a name has letters, digits, spaces and . _ - only', ['vm', 'create', 'a🦆', ...anyKernel]],
    ['a line break', 2, 'name "a\\nb": a name has letters', ['vm', 'create', 'a\nb', ...anyKernel]],
    [
      'a disk that is not there',
      2,
      'disk /nowhere.img: there is no such file',
      ['vm', 'create', 'x', ...anyKernel, '--disk', '/nowhere.img'],
    ],
    [
      'a disk setting nobody knows',
      2,
      'disk "/etc/passwd,cache=none": "cache=none"',
      ['vm', 'create', 'x', ...anyKernel, '--disk', '/etc/passwd,cache=none'],
    ],
    [
      'a port of a console that is off',
      2,
      '--console-port: its console is off (--console off)',
      ['vm', 'create', 'x', ...anyKernel, '--console', 'off', '--console-port', 'agent'],
    ],
    [
      'a missing ISO',
      2,
      'cdrom /x.iso: there is no such file',
      ['vm', 'create', 'x', ...anyKernel, '--cdrom', 'x.iso'],
    ],
    [
      'an ISO that is none',
      2,
      'cdrom /bin/sh: this is no ISO image',
      ['vm', 'create', 'x', '--firmware', 'bios', '--cdrom', '/bin/sh'],
    ],
    [
      'a boot order of nothing known',
      2,
      'boot order "tape": disk, cdrom, network, each once, are expected',
      ['vm', 'create', 'x', '--firmware', 'bios', '--boot-order', 'tape'],
    ],
    [
      'user data that is none',
      2,
      'cloud-init /etc/hostname: cloud-init would not read this',
      ['vm', 'create', 'x', '--firmware', 'bios', '--cloud-init', '/etc/hostname'],
    ],
    ['vm snapshot', 2, 'vm snapshot: not in this release', ['vm', 'snapshot', 'take', 'x', '--live']],
    ['build', 2, 'build: not in this release', ['build', '.']],
    [
      '--initrd alone',
      2,
      '--initrd: goes with --kernel only',
      ['vm', 'create', 'x', '--guest', 'tiny-linux', '--initrd', '/i'],
    ],
    ['--timeout alone', 2, '--timeout: goes with --wait-for only', ['vm', 'start', 'x', '--timeout', '5']],
    [
      'a bad timeout',
      2,
      'timeout "soon": a number of seconds is expected',
      ['vm', 'start', 'x', '--wait-for', 'a', '--timeout', 'soon'],
    ],
    ['a bad escape', 2, 'text: \\q means nothing', ['vm', 'send', 'x', '\\q']],
  ])('%s: %i', async (_what, status, message, argv) => {
    const result = await run(...argv);
    expect(result.stdout).toBe('');
    expect(result.status).toBe(status);
    const errors = result.stderr.split('\n').filter((line) => line.startsWith('error: '));
    expect(errors).toHaveLength(message === '' ? 0 : 1);
    if (message !== '') expect(errors[0]).toContain(message);
    expect(await machines()).toEqual([]);
  });

  it('a name that is taken: 4', async () => {
    await create('Twice');
    expect(await create('twice')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('error: machine "twice": there is one of that name already\n'),
    });
  });

  it('a corrupt machine.json: listed as broken, refused everywhere: 4, and deleted when told to', async () => {
    const { stdout } = await create('t', '--json');
    const { id } = JSON.parse(stdout) as { id: string };
    const path = join(env.XDG_DATA_HOME!, 'bulkhead/machines', id, 'machine.json');
    writeFileSync(path, '{"version": 1, "name": "t", "cp');
    expect(await machines()).toMatchObject([
      { id, name: id, state: 'broken', reason: expect.stringContaining('not JSON') },
    ]);
    for (const argv of [
      ['start', id],
      ['set', id, 'memory=64M'],
      ['stop', id],
    ]) {
      const refused = await run('vm', ...argv);
      expect(refused.status).toBe(4);
      expect(refused.stderr).toContain('broken: machine.json: it is not JSON');
    }
    expect(readFileSync(path, 'utf8')).toBe('{"version": 1, "name": "t", "cp');
    expect((await run('vm', 'show', id)).stdout).toContain('broken');
    expect(await run('vm', 'delete', id, '--yes')).toMatchObject({ status: 0 });
    expect(await machines()).toEqual([]);
  });
});

describe('a machine’s life on the command line', () => {
  it('create, list, show, set, delete', async () => {
    expect(await create('web server', '--memory', '1.5G', '--cmdline', 'quiet', '--accel', 'translated')).toMatchObject(
      {
        status: 0,
        stdout: expect.stringMatching(/^machine "web server": created with 1\.5 GiB \([0-9a-f-]{36}\)\n$/),
        stderr: '',
      },
    );
    expect((await run('vm', 'list')).stdout).toMatch(
      /^NAME +STATE +ACCEL +CPUS +MEMORY +PID\nweb server +stopped +translated +1 +1\.5 GiB +-\n$/,
    );
    expect(await machines()).toEqual([
      {
        id: expect.any(String),
        name: 'web server',
        state: 'stopped',
        accelerator: 'translated',
        cpus: 1,
        memoryMiB: 1536,
      },
    ]);
    const set = await run(
      'vm',
      'set',
      'web server',
      'memory=64M',
      'cmdline=',
      'name=db',
      'accel=auto',
      'debug-exit=on',
    );
    expect(set).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const shown = JSON.parse((await run('vm', 'show', 'db', '--json')).stdout) as Record<string, unknown>;
    expect(shown).toMatchObject({ name: 'db', state: 'stopped', memoryMiB: 64, boot: { kind: 'kernel', kernel } });
    expect(shown).toMatchObject({ devices: { debugExit: true }, accelerator: 'auto' });
    for (const path of ['qmp', 'serial', 'log']) expect(shown[path]).toContain(shown.id);
    expect(shown.boot).not.toHaveProperty('commandLine');
    const deleted = await run('vm', 'delete', 'db', '--yes');
    expect(deleted).toMatchObject({ status: 0, stdout: '' });
    expect(deleted.stderr).toBe('deleting machine "db" for good, and with it its settings, its logs (0 KiB)\n');
    expect(await machines()).toEqual([]);
  });

  it('start, a second start, pause, resume, stats, stop, wait', async () => {
    await create();
    const started = await run('vm', 'start', 't', '--wait-for', 'login:', '--timeout', '20');
    expect(started).toMatchObject({ status: 0, stderr: '' });
    expect(started.stdout).toMatch(/^machine "t": runs on translated, pid \d+\n$/);
    expect(await run('vm', 'start', 't')).toMatchObject({
      status: 4,
      stderr: 'error: machine "t": cannot start: it is running\n',
    });
    expect(await run('vm', 'set', 't', 'memory=64M')).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/^error: machine "t": cannot change: it is running\nhint: .+\n$/),
    });
    expect(await run('vm', 'delete', 't', '--yes')).toMatchObject({ status: 4 });
    expect(await run('vm', 'pause', 't')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect((await run('vm', 'stop', 't')).stderr).toContain(
      'error: machine "t": cannot stop: it is paused (paused → stopping)\nhint: ',
    );
    await run('vm', 'resume', 't');
    expect((await run('vm', 'stats', 't')).stdout).toContain(
      'vCPU 0:   running, load 0.0 %; exits: 3 port, 2 MMIO, 1 other',
    );
    expect(JSON.parse((await run('vm', 'stats', 't', '--json')).stdout)).toMatchObject({ residentMiB: 50 });
    await run('vm', 'stop', 't');
    expect(await run('vm', 'wait', 't')).toMatchObject({ status: 0 });
    expect(await machines()).toMatchObject([{ state: 'stopped' }]);
    expect((await run('vm', 'stats', 't')).stderr).toBe('error: machine "t": does not run: it is stopped\n');
  });

  it('wait fails with the reason when the machine crashed', async () => {
    await create();
    await run('vm', 'start', 't');
    const waiting = run('vm', 'wait', 't');
    await run('vm', 'send', 't', 'panic\\n');
    expect(await waiting).toMatchObject({ status: 1, stderr: 'error: machine "t": crashed: the guest panicked\n' });
  });

  it('start --wait-for fails with the console’s tail when time runs out or the machine ends', async () => {
    await create();
    const late = await run('vm', 'start', 't', '--wait-for', 'ready', '--timeout', '2');
    expect(late.status).toBe(1);
    expect(late.stderr).toMatch(
      /^\| booting\n\| fake login: \nerror: machine "t": "ready" did not appear .* in 2 s\nhint: /,
    );
    expect(await machines()).toMatchObject([{ state: 'running' }]);
    await run('vm', 'kill', 't');
    const brief = new CliSession(['vm', 'start', 't', '--wait-for', 'ready'], env, { fakeHost: 'brief' });
    expect(await brief.finished).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /error: machine "t": ended before "ready" appeared .* \(the guest triple-faulted\)\n$/,
      ),
    });
  });

  it('start fails with the VM host’s failure, its class as exit status, and its hint', async () => {
    await create();
    const failed = await new CliSession(['vm', 'start', 't'], env, { fakeHost: 'failure' }).finished;
    expect(failed).toEqual({
      status: 5,
      stdout: '',
      stderr: 'error: machine "t": KVM: not there\nhint: use --accel auto\n',
    });
  });

  it('delete without --yes asks on a terminal, and needs it elsewhere', async () => {
    await create();
    expect(await run('vm', 'delete', 't')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('hint: add --yes'),
    });
    const no = new CliSession(['vm', 'delete', 't'], env, { terminal: true });
    await until(() => no.stderr.includes('delete it? [y/N]'));
    no.stdin.write('n\n');
    expect(await no.finished).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('not deleted: not confirmed'),
    });
    const yes = new CliSession(['vm', 'delete', 't'], env, { terminal: true });
    await until(() => yes.stderr.includes('delete it? [y/N]'));
    yes.stdin.write('y\n');
    expect((await yes.finished).status).toBe(0);
    expect(await machines()).toEqual([]);
  });

  it('has the disks it was created with, in their formats, until set gives it others', async () => {
    const [raw, qcow2] = ['raw.img', 'other.qcow2'].map((name) => join(temporary.home, name)) as [string, string];
    writeFileSync(raw, Buffer.alloc(4096));
    await run('disk', 'create', qcow2, '1M');
    const disks = async () => JSON.parse((await run('vm', 'show', 't', '--json')).stdout).config.disks;
    await create('t', '--disk', `${raw},readonly`, '--disk', `${qcow2},serial=B`);
    expect(await disks()).toEqual([
      { path: raw, format: 'raw', readOnly: true },
      { path: qcow2, format: 'qcow2', serial: 'B' },
    ]);
    expect((await run('vm', 'show', 't')).stdout).toMatch(/disk 0: +\S+raw.img, raw, read-only\n/);
    await run('vm', 'set', 't', `disk=${qcow2}`, `disk=${raw}`);
    expect(await disks()).toEqual([
      { path: qcow2, format: 'qcow2' },
      { path: raw, format: 'raw' },
    ]);
    await run('vm', 'set', 't', 'disk=');
    expect(await disks()).toEqual([]);
  });

  it('a new disk is made in the machine’s folder, with create or with set, and goes with it', async () => {
    const config = async () => JSON.parse((await run('vm', 'show', 't', '--json')).stdout).config;
    await create('t', '--disk', 'new:20G', '--disk', 'new:1M,format=raw,serial=B');
    const { id, disks } = await config();
    const folder = join(env.XDG_DATA_HOME as string, 'bulkhead/machines', id, 'disks');
    expect(disks).toEqual([
      { path: join(folder, 'disk0.qcow2'), format: 'qcow2' },
      { path: join(folder, 'disk1.raw'), format: 'raw', serial: 'B' },
    ]);
    const described = async (path: string) => JSON.parse((await run('disk', 'info', path, '--json')).stdout);
    expect(await described(disks[0].path)).toMatchObject({ format: 'qcow2', sizeBytes: 20 * 2 ** 30 });
    expect(await described(disks[1].path)).toMatchObject({ format: 'raw', sizeBytes: 2 ** 20 });
    await run('vm', 'set', 't', `disk=${disks[1].path}`, 'disk=new:2M');
    const after = (await config()).disks;
    expect(after.map(({ path }: { path: string }) => path)).toEqual([disks[1].path, join(folder, 'disk2.qcow2')]);
    expect((await run('vm', 'delete', 't', '--yes')).status).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  it('a machine that cannot be made leaves no disk behind, nor does a refused change', async () => {
    await create('t');
    expect(await create('t', '--disk', 'new:20G')).toMatchObject({ status: 4 });
    const machinesFolder = join(env.XDG_DATA_HOME as string, 'bulkhead/machines');
    const folders = () => readdirSync(machinesFolder).filter((name) => name !== '.lock');
    expect(folders()).toHaveLength(1);
    expect(await run('vm', 'set', 't', 'disk=new:20G', 'disk=new:4000T')).toMatchObject({ status: 2 });
    const [id = ''] = folders();
    expect(readdirSync(join(machinesFolder, id, 'disks'))).toEqual([]);
    expect(await create('u', '--disk', 'new:1G,readonly')).toMatchObject({ status: 2 });
  });

  it('an image that is based on other files is a disk only with leave, and is kept with their names', async () => {
    const [image, base] = [join(temporary.home, 'over.qcow2'), join(temporary.home, 'base.img')];
    writeFileSync(base, Buffer.alloc(4096));
    await run('disk', 'create', image, '--backing', base);
    expect(await create('t', '--disk', image)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/shows what is in other files: \/.*base.img \(raw\)\n.*,allow-backing/s),
    });
    expect(await create('t', '--disk', `${image},allow-backing`)).toMatchObject({ status: 0 });
    const { disks } = JSON.parse((await run('vm', 'show', 't', '--json')).stdout).config;
    expect(disks).toEqual([{ path: image, format: 'qcow2', backing: [{ path: base, format: 'raw' }] }]);
    expect((await run('vm', 'show', 't')).stdout).toContain(`based on ${base} (raw)`);
  });

  it('set puts a CD in and takes it out, and boots from firmware', async () => {
    const iso = join(temporary.home, 'cd.iso');
    writeFileSync(iso, isoImage('CD', [{ name: 'a', bytes: new Uint8Array(1) }], new Date(0)));
    const config = async () => JSON.parse((await run('vm', 'show', 't', '--json')).stdout).config;
    await create('t');
    expect(await run('vm', 'set', 't', 'boot-menu=on')).toMatchObject({ status: 2 });
    await run('vm', 'set', 't', `cdrom=${iso}`, 'firmware=bios', 'boot-order=cdrom,disk', 'boot-menu=on');
    expect(await config()).toMatchObject({
      cdrom: iso,
      boot: { kind: 'firmware', firmware: 'bios', order: ['cdrom', 'disk'], menu: true },
    });
    await run('vm', 'set', 't', 'cdrom=', 'boot-order=');
    const { boot, cdrom } = await config();
    expect([boot, cdrom]).toEqual([{ kind: 'firmware', firmware: 'bios', menu: true }, undefined]);
  });

  it('a CD drive can be empty, and what is in it changes while the machine runs; the drive itself does not', async () => {
    const iso = join(temporary.home, 'cd.iso');
    writeFileSync(iso, isoImage('CD', [{ name: 'a', bytes: new Uint8Array(1) }], new Date(0)));
    const cdrom = async () => JSON.parse((await run('vm', 'show', 't', '--json')).stdout).config.cdrom;
    await create('t', '--cdrom', 'empty');
    expect(await cdrom()).toBe('empty');
    await run('vm', 'start', 't');
    expect(await run('vm', 'set', 't', `cdrom=${iso}`)).toMatchObject({ status: 0, stderr: '' });
    expect(await cdrom()).toBe(iso);
    expect((await run('vm', 'show', 't')).stdout).toMatch(/cdrom: +\/.*cd.iso/);
    expect(await run('vm', 'set', 't', 'cdrom=/bin/sh')).toMatchObject({ status: 2 });
    expect(await run('vm', 'set', 't', 'cdrom=', 'memory=1G')).toMatchObject({ status: 4 });
    expect(await run('vm', 'set', 't', 'cdrom=')).toMatchObject({ status: 0 });
    expect(await cdrom()).toBe('empty');
    await run('vm', 'kill', 't');
    await run('vm', 'set', 't', 'cdrom=');
    expect(await cdrom()).toBeUndefined();
    await run('vm', 'start', 't');
    expect(await run('vm', 'set', 't', `cdrom=${iso}`)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('machine "t": has no CD drive'),
    });
  });

  it('set refuses what it does not know, with what it does', async () => {
    await create();
    expect(await run('vm', 'set', 't', 'colour=red')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        'error: setting "colour": is none of name, description, accel, cpus, cpu, topology, cpu-policy, pin, memory',
      ),
    });
    expect((await run('vm', 'set', 't', 'memory')).stderr).toContain('has no value: write memory=VALUE');
    expect((await run('vm', 'set', 't', 'toString=1')).status).toBe(2);
  });
});

describe('the console', () => {
  const open = async (terminal: boolean, input?: string): Promise<CliSession> => {
    await create();
    await run('vm', 'start', 't');
    return new CliSession(['vm', 'console', 't'], env, { terminal, ...(input === undefined ? {} : { input }) });
  };

  it('on a terminal is raw, passes keys on, leaves at ^] and restores the terminal', async () => {
    const session = await open(true);
    await until(() => session.stdout.includes('login: '));
    session.stdin.write('hi');
    await until(() => session.stdout.includes('<hi>'));
    expect(session.rawModes).toEqual([true]);
    session.stdin.write('bye\x1dlost');
    expect(await session.finished).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('^] leaves it running'),
    });
    expect(session.rawModes.at(-1)).toBe(false);
    expect(await machines()).toMatchObject([{ state: 'running' }]);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('restores the terminal at %s too', async (signal) => {
    const session = await open(true);
    await until(() => session.rawModes.length > 0);
    expect(session.signal(signal)).toBe(true);
    await session.finished;
    expect(session.rawModes.at(-1)).toBe(false);
  });

  it('ends when the machine does, and says so', async () => {
    const session = await open(true);
    await until(() => session.stdout.includes('login: '));
    session.stdin.write('off');
    expect((await session.finished).stderr).toContain('machine "t" is off\n');
    expect(session.rawModes.at(-1)).toBe(false);
  });

  it('without a terminal is a pipe, and leaves once the answer to the last input is out', async () => {
    const session = await open(false, 'uname\n');
    expect(await session.finished).toEqual({ status: 0, stdout: 'booting\r\nfake login: <uname\n>', stderr: '' });
  });

  it('of a machine that is off is refused: 4', async () => {
    await create();
    expect(await run('vm', 'console', 't')).toMatchObject({
      status: 4,
      stderr: 'error: machine "t": does not run: it is stopped\n',
    });
  });
});

describe('the log', () => {
  async function logs(): Promise<{ current: string; older: string }> {
    const { id } = JSON.parse((await create('t', '--json')).stdout) as { id: string };
    const folder = join(env.XDG_DATA_HOME!, 'bulkhead/machines', id, 'logs');
    if (!existsSync(folder)) mkdirSync(folder);
    return { current: join(folder, 'serial0.log'), older: join(folder, 'serial0.log.1') };
  }

  it('is printed whole, the older part first, and may be empty', async () => {
    const { current, older } = await logs();
    expect(await run('vm', 'log', 't')).toEqual({ status: 0, stdout: '', stderr: '' });
    writeFileSync(older, 'one ');
    writeFileSync(current, 'two');
    expect((await run('vm', 'log', 't')).stdout).toBe('one two');
  });

  it('-f follows across rotation until interrupted', async () => {
    const { current, older } = await logs();
    const session = new CliSession(['vm', 'log', 't', '-f'], env);
    writeFileSync(current, 'first ');
    await until(() => session.stdout === 'first ');
    appendFileSync(current, 'second ');
    renameSync(current, older);
    writeFileSync(current, 'third ');
    await until(() => session.stdout === 'first second third ');
    writeFileSync(current, 'new');
    await until(() => session.stdout === 'first second third new');
    expect(session.signal('SIGINT')).toBe(true);
    expect((await session.finished).status).toBe(0);
  });
});
