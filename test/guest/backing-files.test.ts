import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Disk } from '../../src-main/inventory/machine-hardware.ts';
import { makeImage } from '../../src-main/storage/new-image.ts';
import { createQcow2 } from '../../src-main/storage/qcow2/create.ts';
import { VmHosts } from '../support/vm-hosts.ts';

let hosts: VmHosts;
beforeAll(async () => {
  hosts = await VmHosts.open();
});
afterAll(() => hosts.close());

test('a machine does not start on an image whose header names another file than was accepted', async () => {
  const [path, base] = [join(hosts.folder, 'disk.qcow2'), join(hosts.folder, 'base.img')];
  writeFileSync(base, Buffer.alloc(1 << 20));
  const backing = { name: '/etc/shadow', format: 'raw' } as const;
  await makeImage(path, (file) => createQcow2(file, { size: 1 << 20, backing }));
  const disk: Disk = { path, format: 'qcow2', backing: [{ path: base, format: 'raw' }] };
  const id = hosts.create(new Uint8Array([0xf4]), { accelerator: 'translated', memoryMiB: 64, disks: [disk] });
  expect(await hosts.commandLine('vm', 'start', id)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /is based on \/etc\/shadow; accepted for it was .*base.img \(raw\)\nhint: .*allow-backing/,
    ),
  });
  expect(await hosts.fleet.list()).toMatchObject([{ id, reason: expect.stringContaining('accepted for it was') }]);
});
