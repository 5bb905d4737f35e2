import { describe, expect, it } from 'vitest';
import type { CpuDescription, CpuModelSummary } from '../../../src-main/cpu/cpu-summary.ts';
import { NAMED_CPUS } from '../../../src-main/cpu/models/catalogue.ts';
import { CliSession } from '../../support/cli-session.ts';

const run = (...argv: string[]) => new CliSession(['cpu', ...argv], {}, { input: '' }).finished;

describe('bulkhead cpu', () => {
  it('list --json has the shape programs rely on', async () => {
    const { status, stdout } = await run('list', '--json');
    expect(status).toBe(0);
    const models = JSON.parse(stdout) as CpuModelSummary[];
    expect(models.map(({ name }) => name)).toEqual(expect.arrayContaining(NAMED_CPUS.map(({ name }) => name)));
    for (const model of models) {
      expect(model).toMatchObject({
        name: expect.any(String),
        aliases: expect.any(Array),
        vendor: expect.any(String),
        runnable: expect.any(Boolean),
        missing: expect.any(Array),
      });
      expect([null, 'v1', 'v2', 'v3', 'v4']).toContain(model.level);
    }
  });

  it('list has a line for every model, with its level', async () => {
    const { stdout } = await run('list');
    expect(stdout).toMatch(/^Skylake-Server-v2 +GenuineIntel +2017 +x86-64-v4 .*Skylake-Server-IBRS/m);
  });

  it('show --json has three columns for each feature, and the leaves', async () => {
    const { status, stdout } = await run('show', 'Haswell,-avx2,+pcid', '--json');
    expect(status).toBe(0);
    const cpu = JSON.parse(stdout) as CpuDescription;
    expect(cpu.name).toBe('Haswell-v1');
    expect(cpu.features.find(({ name }) => name === 'avx2')?.wants ?? false).toBe(false);
    expect(cpu.features.find(({ name }) => name === 'avx')).toMatchObject({ wants: true, leaf: '1.ecx' });
  });

  it('show says that masking is no security boundary', async () => {
    const { stdout, stderr } = await run('show', 'EPYC');
    expect(stdout).toMatch(/^avx2 +yes/m);
    expect(stderr).toContain('not a security boundary');
  });

  it('compare shows what differs', async () => {
    const { stdout } = await run('compare', 'Haswell', 'Haswell-noTSX');
    expect(stdout.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
      'WHAT',
      'stepping',
      'processor',
      'hle',
      'rtm',
      '',
    ]);
    const same = await run('compare', 'Haswell', 'Haswell-v1');
    expect(same.stdout).toBe('Haswell-v1 and Haswell-v1 are the same\n');
  });

  it.each([
    [['show', 'Hasswell'], 'error: cpu "Hasswell": there is no CPU model "Hasswell"\nhint: did you mean Haswell?\n'],
    [['show', 'EPYC,+avx3'], 'error: cpu "EPYC,+avx3": there is no CPU feature "avx3"\nhint: did you mean avx?\n'],
    [['show'], "error: cpu show: missing required argument 'model'\n"],
    [['compare', 'EPYC'], "error: cpu compare: missing required argument 'b'\n"],
  ])('%j is refused with status 2', async (argv, text) => {
    const { status, stderr } = await run(...argv);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
  });
});
