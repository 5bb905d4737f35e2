import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../src-main/base/failure.ts';
import type { MachineDraft } from '../../../src-main/inventory/machine-config.ts';
import { MachineStore } from '../../../src-main/inventory/machine-store.ts';
import { bulkheadPaths } from '../../../src-main/inventory/paths.ts';
import { tryLockFile } from '../../../src-main/linux/file-lock.ts';
import { asOwnerOf } from '../../support/ordinary-user.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const { home, env } = temporaryHome();
const boot = { kind: 'kernel', kernel: '/boot/vmlinuz' } as const;
const draft = (name: string, rest: Partial<MachineDraft> = {}): MachineDraft => ({
  name,
  memoryMiB: 64,
  boot,
  ...rest,
});

let round = 0;
let store: MachineStore;
beforeEach(() => {
  store = new MachineStore(bulkheadPaths({ ...env, XDG_DATA_HOME: join(home, `data${round++}`) }));
});

function failure(body: () => unknown): Failure {
  try {
    body();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the machine store', () => {
  it('keeps what was created, with the defaults filled in', () => {
    const { id, createdAt } = store.create(draft('web'));
    const again = new MachineStore(store.paths).find('web');
    expect(again).toMatchObject({ kind: 'ok', directory: store.paths.machine(id).folder });
    expect(store.intact(id)).toEqual({
      version: 2,
      id,
      createdAt,
      name: 'web',
      accelerator: 'auto',
      cpus: 1,
      memoryMiB: 64,
      boot,
      devices: { debugExit: false },
      disks: [],
      networks: [],
      shares: [],
    });
  });

  it('lets nobody else read its files', () => {
    const { id } = store.create(draft('private'));
    const { folder, config } = store.paths.machine(id);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(config).mode & 0o777).toBe(0o600);
  });

  it('lists by name, numbers in order, and finds by name, other capitals, id and beginning of an id', () => {
    const ids = ['vm 10', 'vm 2', 'Äpfel'].map((name) => store.create(draft(name)).id);
    const names = store.list().map((entry) => (entry.kind === 'ok' ? entry.config.name : 'broken'));
    expect(names).toEqual(['Äpfel', 'vm 2', 'vm 10']);
    for (const call of ['vm 10', 'VM 10', ids[0]!, ids[0]!.slice(0, 8)]) {
      expect(store.find(call)).toMatchObject({ config: { id: ids[0] } });
    }
    expect(failure(() => store.find('vm'))).toMatchObject({ failureClass: 'not-found', code: 'no-such-machine' });
  });

  it.each([
    ['', 'a machine needs a name'],
    ['../x', 'a name starts with a letter or a digit'],
    ['a/b', 'a name has letters'],
    ['a\nb', 'a name has letters'],
    ['a\0b', 'a name has letters'],
    ['penguin 🐧', 'a name has letters'],
    ['tail ', 'a name does not end with a space'],
    [' head', 'a name starts with'],
    ['.hidden', 'a name starts with'],
    ['x'.repeat(300), 'a name has at most 64 characters, this one has 300'],
  ])('refuses the name %j', (name, why) => {
    const refused = failure(() => store.create(draft(name)));
    expect(refused.failureClass).toBe('usage');
    expect(refused.message).toContain(why);
    expect(refused.message).not.toMatch(/[\p{Cc}]/u);
    expect(existsSync(store.paths.machines) ? readdirSync(store.paths.machines) : []).toEqual([]);
  });

  it('refuses a name that is taken, whatever its capitals', () => {
    store.create(draft('Büro'));
    expect(failure(() => store.create(draft('bÜRO')))).toMatchObject({ failureClass: 'state', code: 'name-taken' });
    const other = store.create(draft('other'));
    expect(failure(() => store.update(other.id, { name: 'BÜRO' }))).toMatchObject({ code: 'name-taken' });
    expect(store.update(other.id, { name: 'Other' }).name).toBe('Other');
  });

  it.each([
    [{ memoryMiB: 0 }, 'usage', '0 MiB of memory: at least 16 MiB are needed'],
    [{ memoryMiB: 1_000_000 }, 'host', '1000000 MiB of memory: this computer has'],
    [{ memoryMiB: 2_000_000 }, 'usage', '2000000 MiB of memory: at most 1048576 MiB'],
    [{ memoryMiB: 64.5 }, 'usage', 'memoryMiB'],
    [{ cpus: 0 }, 'usage', '0 CPUs: between 1 and 64'],
    [{ cpus: 3, topology: { sockets: 1, cores: 2, threads: 1 } }, 'usage', '1×2×1 is not 3 CPUs'],
    [{ accelerator: 'xen' as 'kvm' }, 'usage', 'accelerator'],
    [{ boot: { kind: 'kernel', kernel: 'vmlinuz' } as const }, 'usage', 'boot.kernel: the full path is needed'],
    [{ boot: { ...boot, commandLine: 'a\nb' } }, 'usage', 'one line without control characters'],
  ] satisfies [Partial<MachineDraft>, string, string][])('refuses %j', (rest, failureClass, message) => {
    const refused = failure(() => store.create(draft('bad', rest)));
    expect(refused.failureClass).toBe(failureClass);
    expect(refused.message).toContain(message);
    expect(store.list()).toEqual([]);
  });

  it('changes what it is told to and nothing else', () => {
    const { id } = store.create(draft('web', { description: 'old' }));
    expect(store.update(id, { memoryMiB: 128 })).toMatchObject({ memoryMiB: 128, description: 'old', name: 'web' });
    expect(store.update(id, { description: null })).not.toHaveProperty('description');
    expect(failure(() => store.update(id, { memoryMiB: 1 })).failureClass).toBe('usage');
    expect(store.intact(id).memoryMiB).toBe(128);
  });

  it('deletes a machine with everything in its folder', () => {
    const { id } = store.create(draft('gone'));
    writeFileSync(join(store.paths.machine(id).logs, 'serial0.log'), 'text');
    store.remove(id);
    expect(store.list()).toEqual([]);
    expect(readdirSync(store.paths.machines)).toEqual(['.lock']);
    expect(failure(() => store.update(id, {})).failureClass).toBe('not-found');
    expect(failure(() => store.remove(id)).failureClass).toBe('not-found');
  });

  it('neither changes nor deletes a machine whose VM host holds the lock', () => {
    const { id } = store.create(draft('busy'));
    const lock = tryLockFile(store.paths.machine(id).lock)!;
    try {
      expect(failure(() => store.update(id, { memoryMiB: 32 }))).toMatchObject({
        failureClass: 'state',
        message: 'machine "busy": cannot change: it is running',
      });
      expect(failure(() => store.remove(id)).message).toBe('machine "busy": cannot delete: it is running');
    } finally {
      lock.dispose();
    }
    expect(store.update(id, { memoryMiB: 32 }).memoryMiB).toBe(32);
  });

  it('ignores and sweeps what interrupted creations, deletions and writes left', () => {
    const { id } = store.create(draft('survivor'));
    const { folder } = store.paths.machine(id);
    const unfinished = join(store.paths.machines, '.new-11111111-1111-4111-8111-111111111111');
    const removed = join(store.paths.machines, '.removed-22222222-2222-4222-8222-222222222222');
    for (const leftover of [unfinished, removed]) {
      mkdirSync(leftover);
      writeFileSync(join(leftover, 'machine.json'), '{');
    }
    const half = join(folder, '.machine.json.0123456789ab.tmp');
    writeFileSync(half, '{"version":1,');
    expect(store.list()).toHaveLength(1);
    store.update(id, { memoryMiB: 32 });
    store.create(draft('next'));
    expect([unfinished, removed, half].filter((path) => existsSync(path))).toEqual([]);
  });
});

describe('a broken machine.json', () => {
  const cases: [string, string, string][] = [
    ['cut short', '{"version":1,"na', 'it is not JSON'],
    ['empty', '', 'it is empty'],
    ['zeroes', '\0'.repeat(512), 'it is not JSON'],
    ['a list', '[]', 'it is not a JSON object'],
    ['no version', '{"name":"x"}', 'it has no version'],
    ['a newer version', '{"version":99,"name":"t"}', 'made by a newer Bulkhead'],
    ['an unknown key', '', 'Unrecognized key'],
    ['another machine’s', '', 'it belongs to another machine'],
  ];

  function broken(what: string, text: string): { id: string; text: string; path: string } {
    const config = store.create(draft('t'));
    const path = store.paths.machine(config.id).config;
    const other = '33333333-3333-4333-8333-333333333333';
    const written =
      what === 'an unknown key'
        ? JSON.stringify({ ...config, turbo: true })
        : what === 'another machine’s'
          ? JSON.stringify({ ...config, id: other })
          : text;
    writeFileSync(path, written);
    return { id: config.id, text: written, path };
  }

  it.each(cases)(
    '(%s) is shown as broken with the reason, never overwritten, and can be deleted',
    (what, text, why) => {
      const { id, text: written, path } = broken(what, text);
      const entry = store.get(id);
      expect(entry).toMatchObject({ kind: 'broken', id, reason: expect.stringContaining(why) });
      expect(entry!.kind === 'broken' && entry!.reason).not.toContain('\n');
      const refused = failure(() => store.update(id, { memoryMiB: 32 }));
      expect(refused).toMatchObject({ failureClass: 'state', code: 'machine-broken' });
      expect(readFileSync(path, 'utf8')).toBe(written);
      store.remove(id);
      expect(store.list()).toEqual([]);
    },
  );

  it('is found by its name where that is legible, and keeps the name taken', () => {
    const { id } = broken('a newer version', '{"version":99,"name":"t"}');
    expect(store.find('t')).toMatchObject({ kind: 'broken', id, name: 't' });
    expect(failure(() => store.create(draft('T'))).code).toBe('name-taken');
  });

  it('that may not be read says so', () => {
    const { id, path } = broken('empty', '');
    chmodSync(path, 0);
    const entry = asOwnerOf(home, () => store.get(id));
    expect(entry).toMatchObject({ kind: 'broken', reason: 'machine.json: permission denied' });
  });
});

describe('folders', () => {
  afterEach(() => undefined);
  const at = (some: NodeJS.ProcessEnv) => bulkheadPaths({ HOME: '/home/u', ...some });

  it('follow XDG, ignore relative paths and fall back to ~/.local/share', () => {
    expect(at({ XDG_DATA_HOME: '/d' }).machines).toBe('/d/bulkhead/machines');
    expect(at({ XDG_DATA_HOME: 'relative' }).machines).toBe('/home/u/.local/share/bulkhead/machines');
    expect(at({ XDG_RUNTIME_DIR: '/r' }).machine('i').qmp).toBe('/r/bulkhead/machines/i/qmp.sock');
  });
});
