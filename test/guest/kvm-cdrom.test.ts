import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIsos, writeIso } from '../support/isos.ts';
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

  const cd = (name: string): string => writeIso(hosts.folder, name, [{ name, bytes: new Uint8Array(1) }]);

  test('changes its medium while the guest runs and while it stands still, and has no other open', async () => {
    const [first, second] = [cd('first'), cd('second')];
    const id = await hosts.run(HALT, { cdrom: first });
    const held = (): string[] => openIsos(hosts.pid(id));
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
