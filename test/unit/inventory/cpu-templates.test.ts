import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../src-main/base/failure.ts';
import { formatCpuSpec, parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { CpuTemplateStore } from '../../../src-main/inventory/cpu-template-store.ts';
import { bulkheadPaths } from '../../../src-main/inventory/paths.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const { home, env } = temporaryHome();
let round = 0;
let folder: string;
let store: CpuTemplateStore;
beforeEach(() => {
  const paths = bulkheadPaths({ ...env, XDG_DATA_HOME: join(home, `data${round++}`) });
  folder = paths.cpuTemplates;
  store = new CpuTemplateStore(paths);
});

const rome = { name: 'web-server', cpu: 'EPYC-Rome,+pcid,-avx2' };

function failure(body: () => unknown): Failure {
  try {
    body();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('CPU templates', () => {
  test('are kept in a file of their own, for their owner alone', () => {
    expect(store.list()).toEqual([]);
    store.save({ ...rome, description: 'what the web servers have' });
    expect(readdirSync(folder).sort()).toEqual(['.lock', 'web-server.json']);
    expect(statSync(join(folder, 'web-server.json')).mode & 0o777).toBe(0o600);
    expect(store.get('Web-Server')).toMatchObject({ ...rome, description: 'what the web servers have', version: 1 });
  });

  test('may stand where a model does, and flags behind them win', () => {
    store.save({ ...rome, cpu: `${rome.cpu},mitigations=on,stepping=1` });
    const read = (text: string): string => formatCpuSpec(parseCpuSpec(text, store));
    expect(read('web-server')).toBe('EPYC-Rome,+pcid,-avx2,stepping=1,mitigations=on');
    expect(read('WEB-SERVER,+avx2,-pcid,stepping=2,mitigations=off')).toBe('EPYC-Rome,-pcid,+avx2,stepping=2');
  });

  test('made from a template keep what it meant then', () => {
    store.save(rome);
    store.save({ name: 'second', cpu: 'web-server,-sse4a' });
    store.remove('web-server');
    expect(store.get('second').cpu).toBe('EPYC-Rome,+pcid,-avx2,-sse4a');
  });

  test('are not written over unless told to', () => {
    store.save(rome);
    const again = { name: 'WEB-server', cpu: 'Haswell' };
    expect(failure(() => store.save(again))).toMatchObject({ code: 'template-taken', failureClass: 'state' });
    store.save(again, { replace: true });
    expect(store.list()).toHaveLength(1);
    expect(store.get('web-server')).toMatchObject(again);
  });

  test('one that is not there is not found, by no name whatever', () => {
    for (const name of ['nobody', '', '../machines', 'a/b', 'x'.repeat(1000)]) {
      expect(failure(() => store.get(name)).failureClass).toBe('not-found');
      expect(failure(() => store.remove(name)).failureClass).toBe('not-found');
      expect(store.find(name)).toBeUndefined();
    }
  });

  test.each([
    ['', 'needs a name'],
    ['../x', 'starts with a letter or a digit'],
    ['.hidden', 'starts with a letter or a digit'],
    ['-flag', 'starts with a letter or a digit'],
    ['a/b', 'English letters, digits'],
    ['a,b', 'English letters, digits'],
    ['a b', 'English letters, digits'],
    ['a\nb', 'English letters, digits'],
    ['a\0b', 'English letters, digits'],
    ['ä', 'starts with a letter'],
    ['aſ', 'English letters, digits'],
    ['x'.repeat(65), 'at most 64'],
    ['EPYC', 'a CPU model is called that'],
    ['host', 'a CPU model is called that'],
    ['Skylake-Server-v2', 'a CPU model is called that'],
  ])('the name %j is refused: %s', (name, why) => {
    const refused = failure(() => store.save({ name, cpu: 'EPYC' }));
    expect(refused).toMatchObject({ failureClass: 'usage', code: 'bad-template-name' });
    expect(refused.message).toContain(why);
  });

  test('a CPU nobody knows is refused with the nearest right name, templates among them', () => {
    store.save(rome);
    expect(failure(() => store.save({ name: 'x', cpu: 'web-sever' })).hint).toBe('did you mean web-server?');
    expect(failure(() => store.save({ name: 'x', cpu: 'EPYC,+avx3' })).hint).toBe('did you mean avx?');
  });

  test('what was exported is imported elsewhere as it was', () => {
    store.save({ ...rome, description: 'two\nlines' });
    const file = join(home, 'exported.json');
    writeFileSync(file, store.exported('web-server'));
    const other = new CpuTemplateStore(bulkheadPaths({ ...env, XDG_DATA_HOME: join(home, 'other') }));
    expect(other.import(file)).toMatchObject({ ...rome, description: 'two\nlines' });
    expect(other.import(file, { as: 'renamed' }).name).toBe('renamed');
    expect(failure(() => other.import(file)).code).toBe('template-taken');
  });

  const good = { kind: 'cpu-template', version: 1, name: 'x', cpu: 'EPYC', createdAt: '2026-01-01T00:00:00.000Z' };
  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'it is empty'],
    ['no JSON', '{', 'it is not JSON'],
    ['a list', '[]', 'it is not a JSON object'],
    ['a deep nest', '['.repeat(60_000), 'it is not'],
    ['another kind', JSON.stringify({ ...good, kind: 'machine' }), 'kind'],
    ['a newer version', JSON.stringify({ ...good, version: 2 }), 'newer Bulkhead'],
    ['a name that leads elsewhere', JSON.stringify({ ...good, name: '../../machines/x' }), 'name'],
    ['a name of a model', JSON.stringify({ ...good, name: 'Haswell' }), 'a CPU model is called that'],
    ['no such model', JSON.stringify({ ...good, cpu: 'PDP-11' }), 'there is no CPU model'],
    ['no text', JSON.stringify({ ...good, cpu: { model: 'EPYC' } }), 'cpu'],
    ['more than it needs', JSON.stringify({ ...good, run: 'rm -rf' }), 'run'],
    ['control characters', JSON.stringify({ ...good, description: '\u001b[2J' }), 'control characters'],
    ['too much', Buffer.alloc(70_000, 0x20), 'more than 65536 bytes'],
    ['no text at all', Buffer.from([0, 1, 2, 255]), 'it is not JSON'],
  ])('a file with %s is refused, and nothing is kept', (_what, content, why) => {
    const file = join(home, 'hostile.json');
    writeFileSync(file, content);
    const refused = failure(() => store.import(file));
    expect(refused).toMatchObject({ failureClass: 'usage', code: 'bad-template-file' });
    expect(refused.message).toContain(why);
    expect(store.list()).toEqual([]);
  });

  test('a device, a pipe or a folder is not read', () => {
    const pipe = join(home, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of ['/dev/zero', pipe, home]) {
      expect(failure(() => store.import(path)).message).toContain('it is not a regular file');
    }
    expect(failure(() => store.import(join(home, 'missing'))).message).toContain('there is no such file');
  });

  test('a broken one is listed with its reason, stands in nobody’s way and can be deleted', () => {
    store.save(rome);
    writeFileSync(join(folder, 'torn.json'), '{"kind"');
    writeFileSync(join(folder, 'copy.json'), readFileSync(join(folder, 'web-server.json')));
    mkdirSync(join(folder, 'folder.json'));
    writeFileSync(join(folder, 'Capitals.json'), '{}');
    expect(store.list().map((entry) => (entry.kind === 'ok' ? entry.template.name : entry.reason))).toEqual([
      'it is called "web-server" inside',
      'it is not a regular file',
      expect.stringContaining('it is not JSON'),
      'web-server',
    ]);
    expect(failure(() => parseCpuSpec('torn', store)).code).toBe('template-broken');
    store.remove('torn');
    expect(store.list()).toHaveLength(3);
  });
});
