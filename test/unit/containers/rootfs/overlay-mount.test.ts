import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mountOverlay } from '../../../../src-main/containers/rootfs/overlay-mount.ts';
import { mount, unmountLazily } from '../../../../src-main/linux/classic-mount.ts';
import { need } from '../../../support/need.ts';

const able = need('root');
let folder: string;

beforeAll(() => {
  if (!able) return;
  folder = mkdtempSync('/tmp/bh-overlay-');
  mount('tmpfs', folder, 'tmpfs', 0, 'size=1m');
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, name));
});
afterAll(() => {
  if (!able) return;
  while (unmountLazily(join(folder, 'merged')));
  unmountLazily(folder);
  rmSync(folder, { recursive: true });
});

test('a folder on an overlay cannot be a container’s writable layer: that is said, with what to do', () => {
  const merged = join(folder, 'merged');
  const below = { lowerdirs: [join(folder, 'lower')], upperdir: join(folder, 'upper'), workdir: join(folder, 'work') };
  mountOverlay(below, merged);
  for (const name of ['upper', 'work', 'target']) mkdirSync(join(merged, name));
  const above = { lowerdirs: below.lowerdirs, upperdir: join(merged, 'upper'), workdir: join(merged, 'work') };
  expect(() => mountOverlay(above, join(merged, 'target'))).toThrow(
    expect.objectContaining({
      failureClass: 'host',
      message: `${above.upperdir}: its file system takes no writable layer of a container`,
      hint: expect.stringContaining('XDG_DATA_HOME'),
    }),
  );
});
