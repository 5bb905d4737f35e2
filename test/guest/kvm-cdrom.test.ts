import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isoImage } from '../../src-main/storage/iso/iso-image.ts';
import { need } from '../support/need.ts';
import { VmHosts } from '../support/vm-hosts.ts';

/** hlt; jmp back. */
const HALT = new Uint8Array([0xf4, 0xeb, 0xfd]);

describe('a CD drive whose queue the I/O thread serves', () => {
  const ready = need('kvm');
  let hosts: VmHosts;
  beforeAll(async () => {
    if (ready) hosts = await VmHosts.open();
  });
  afterAll(() => hosts?.close());

  function cd(name: string): string {
    const path = join(hosts.folder, `${name}.iso`);
    writeFileSync(path, isoImage(name, [{ name, bytes: new Uint8Array(1) }], new Date(0)));
    return path;
  }

  test('changes its medium while the guest runs and while it stands still, and has no other open', async () => {
    const [first, second] = [cd('first'), cd('second')];
    const id = await hosts.run(HALT, { cdrom: first });
    const held = (): string[] =>
      readdirSync(`/proc/${hosts.pid(id)}/fd`)
        .map((fd) => {
          try {
            return readlinkSync(`/proc/${hosts.pid(id)}/fd/${fd}`);
          } catch {
            return '';
          }
        })
        .filter((path) => path.endsWith('.iso'));
    const qmp = await hosts.negotiated(id);
    const insert = (filename: string) =>
      qmp.execute('blockdev-change-medium', { arguments: { device: 'cdrom0', filename } });
    expect(held()).toEqual([first]);
    expect(await insert(second)).toEqual({ return: {} });
    expect(held()).toEqual([second]);
    expect(await qmp.execute('eject', { arguments: { id: 'cdrom0', force: true } })).toEqual({ return: {} });
    expect(held()).toEqual([]);
    await qmp.execute('stop');
    for (const medium of [first, second, first]) expect(await insert(medium)).toEqual({ return: {} });
    await qmp.execute('cont');
    expect(await insert(second)).toEqual({ return: {} });
    expect(held()).toEqual([second]);
  });
});
