import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type CliResult, CliSession } from '../../support/cli-session.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const temporary = temporaryHome();
const kernel = join(import.meta.dirname, '../../../resources/guests/tiny-linux/bzImage');
let round = 0;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  env = { ...temporary.env, XDG_DATA_HOME: join(temporary.home, `d${round++}`) };
});

const run = (...argv: string[]): Promise<CliResult> => new CliSession(argv, env, { input: '' }).finished;
const json = async (...argv: string[]) => JSON.parse((await run(...argv, '--json')).stdout);
const createMachine = (...more: string[]) => run('vm', 'create', 'm', '--kernel', kernel, ...more);

describe('bulkhead cpu templates', () => {
  test('none yet: says how to make one', async () => {
    expect(await run('cpu', 'templates')).toMatchObject({ status: 0, stdout: '' });
    expect(await json('cpu', 'templates')).toEqual([]);
  });

  test('saved, listed, shown, compared, deleted', async () => {
    await run('cpu', 'save', 'web', 'EPYC-Rome,-avx2', '--description', 'for the web');
    expect(await json('cpu', 'templates')).toEqual([
      expect.objectContaining({ name: 'web', cpu: 'EPYC-Rome,-avx2', description: 'for the web' }),
    ]);
    expect((await run('cpu', 'templates')).stdout).toMatch(/^web +EPYC-Rome,-avx2 +for the web$/m);
    expect(await json('cpu', 'show', 'web')).toMatchObject({ name: 'EPYC-Rome-v1', level: 'v2' });
    const { differences } = await json('cpu', 'compare', 'web', 'EPYC-Rome');
    expect(differences).toEqual([expect.objectContaining({ name: 'avx2', a: '-', b: 'yes' })]);
    expect((await run('cpu', 'delete', 'web')).status).toBe(0);
    expect(await run('cpu', 'delete', 'web')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('error: CPU template "web": there is none of that name\nhint: '),
    });
  });

  test('exported and imported', async () => {
    await run('cpu', 'save', 'web', 'Haswell,+pcid');
    const file = join(temporary.home, `web${round}.json`);
    expect(await run('cpu', 'export', 'web', file)).toMatchObject({ status: 0, stdout: '' });
    expect(await run('cpu', 'export', 'web', file)).toMatchObject({ status: 4 });
    expect((await run('cpu', 'export', 'web')).stdout).toBe(readFileSync(file, 'utf8'));
    expect(await run('cpu', 'import', file)).toMatchObject({ status: 4 });
    expect(await run('cpu', 'import', file, '--as', 'copy')).toMatchObject({ status: 0 });
    expect((await json('cpu', 'templates')).map(({ cpu }: { cpu: string }) => cpu)).toEqual([
      'Haswell,+pcid',
      'Haswell,+pcid',
    ]);
    writeFileSync(file, '{}');
    expect(await run('cpu', 'import', file)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('is no CPU template'),
    });
  });

  test('a bad name and an unknown model end with status 2 and one line', async () => {
    for (const argv of [
      ['save', '../x', 'EPYC'],
      ['save', 'EPYC', 'Haswell'],
      ['save', 'x', 'PDP-11'],
    ]) {
      const { status, stderr } = await run('cpu', ...argv);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^error: .*\n(hint: .*\n)?$/);
    }
    expect(existsSync(join(env.XDG_DATA_HOME!, 'bulkhead/cpu-templates'))).toBe(false);
  });
});

describe('a machine made with a template', () => {
  test('keeps what the template meant, whatever becomes of it', async () => {
    await run('cpu', 'save', 'web', 'EPYC-Rome,-avx2');
    await createMachine('--cpu', 'web,+pcid');
    const cpu = async () => (await json('vm', 'show', 'm')).config.cpu;
    expect(await cpu()).toBe('EPYC-Rome,-avx2,+pcid');
    await run('cpu', 'save', 'web', 'Haswell', '--replace');
    expect(await cpu()).toBe('EPYC-Rome,-avx2,+pcid');
    await run('cpu', 'delete', 'web');
    expect(await cpu()).toBe('EPYC-Rome,-avx2,+pcid');
    expect(await run('vm', 'set', 'm', 'cpu=web')).toMatchObject({ status: 2 });
  });

  test('is changed with vm set: cpu, topology, cpu-policy, pin', async () => {
    await run('cpu', 'save', 'web', 'EPYC-Rome,-avx2');
    await createMachine();
    const set = (...settings: string[]) => run('vm', 'set', 'm', ...settings);
    expect(await set('cpu=WEB', 'topology=1x2x2', 'cpu-policy=enforce', 'pin=3:0,0:0')).toMatchObject({ status: 0 });
    expect((await json('vm', 'show', 'm')).config).toMatchObject({
      cpu: 'EPYC-Rome,-avx2',
      cpus: 4,
      topology: { sockets: 1, cores: 2, threads: 2 },
      cpuPolicy: 'enforce',
      pinning: '0:0,3:0',
    });
    const { stdout } = await run('vm', 'show', 'm');
    expect(stdout).toMatch(/^cpus: +4 \(1 × 2 × 2: sockets, cores, threads\)$/m);
    expect(stdout).toMatch(/^cpu model: +EPYC-Rome,-avx2 \(enforced\)$/m);
    expect(await set('cpus=2')).toMatchObject({ status: 2, stderr: expect.stringContaining('pinning names vCPU 3') });
    expect(await set('cpu=', 'topology=', 'cpu-policy=', 'pin=', 'cpus=2')).toMatchObject({ status: 0 });
    const { config } = await json('vm', 'show', 'm');
    for (const gone of ['cpu', 'topology', 'cpuPolicy', 'pinning']) expect(config).not.toHaveProperty(gone);
  });

  test('a host CPU that is not there is refused when it is pinned to', async () => {
    expect(await createMachine('--pin', '0:4000')).toMatchObject({
      status: 5,
      stderr: expect.stringContaining('vCPU 0 is pinned to host CPU 4000: there is none\nhint: this computer has 0'),
    });
    expect(await createMachine('--pin', 'all')).toMatchObject({ status: 2 });
  });
});
