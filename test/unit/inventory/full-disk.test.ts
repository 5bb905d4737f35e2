import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asFailure } from '../../../src-main/base/failure.ts';
import { MachineStore } from '../../../src-main/inventory/machine-store.ts';
import { bulkheadPaths } from '../../../src-main/inventory/paths.ts';
import { need } from '../../support/need.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const { home, env } = temporaryHome();
const disk = join(home, 'disk');
const able = need('root');
/** In a hook, and not as the file is read: whoever filters its test out is left no mount. */
beforeAll(() => {
  if (!able) return;
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
});
afterAll(() => {
  if (able) spawnSync('umount', [disk]);
});

const store = new MachineStore(bulkheadPaths({ ...env, XDG_DATA_HOME: disk }));
const boot = { kind: 'kernel', kernel: '/boot/vmlinuz' } as const;

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    const { failureClass, code, message, hint } = asFailure(error);
    return [failureClass, code, message, hint].join(' | ');
  }
  return 'done';
}

it('a full disk fails a write with the reason, keeps the old file and leaves nothing behind', () => {
  const { id } = store.create({ name: 'full', memoryMiB: 64, boot });
  const { folder, config } = store.paths.machine(id);
  const before = readFileSync(config, 'utf8');
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(64 << 10));
  } catch {
    // ENOSPC is what the ballast is for: it takes what is left.
  }
  const full = expect.stringMatching(
    /^host \| disk-full \| \S+: cannot be written: the disk is full \| free some disk/,
  );
  expect(codeOf(() => store.update(id, { description: 'x'.repeat(1900) }))).toEqual(full);
  expect(readFileSync(config, 'utf8')).toBe(before);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(codeOf(() => store.create({ name: 'second', memoryMiB: 64, boot }))).toEqual(full);
  expect(store.list()).toHaveLength(1);
  expect(readdirSync(store.paths.machines).sort()).toEqual(['.lock', id]);
});
