import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MachineDraft } from '../../src-main/inventory/machine-config.ts';
import { isoImage } from '../../src-main/storage/iso/iso-image.ts';
import { diskSaying } from '../support/guest/boot-sector.ts';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { rescueImage } from '../support/guest/rescue-image.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;

describe('firmware on the translating accelerator', () => {
  let hosts: VmHosts;
  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts.close());

  /** Starts a machine; its id, and what its console shows once `text` is there. */
  async function bootUntil(text: string, draft: Partial<MachineDraft>): Promise<{ id: string; shown: string }> {
    const boot = { kind: 'firmware', firmware: 'bios' } as const;
    const id = await hosts.run(new Uint8Array(1), { accelerator: 'translated', memoryMiB: 128, boot, ...draft });
    return { id, shown: await shows(id, text) };
  }

  /** What the console has shown once `text` is there. */
  function shows(id: string, text: string): Promise<string> {
    const { serialLog } = hosts.paths(id);
    const look = (): string => (existsSync(serialLog) ? readFileSync(serialLog, 'latin1') : '');
    const told = (): string => `"${text}" on the console, which shows: ${look()}`;
    return eventually(told, () => (look().includes(text) ? look() : undefined), LONG_MS);
  }

  test('SeaBIOS speaks on the serial console and says when there is nothing to boot, as from an empty CD drive', {
    timeout: LONG_MS,
  }, async () => {
    const { shown } = await bootUntil('No bootable device', { cdrom: 'empty' });
    expect(shown).toContain('SeaBIOS (version 1.16');
    expect(shown).not.toContain('Press ESC for boot menu');
  });

  test('a boot menu that is asked for opens by ESC and boots what is chosen', { timeout: LONG_MS }, async () => {
    const disks = ['first', 'second'].map((name) => {
      const path = join(hosts.folder, `${name}.img`);
      writeFileSync(path, diskSaying(`the ${name} disk speaks`));
      return { path, format: 'raw' as const, serial: name };
    });
    const boot = { kind: 'firmware', firmware: 'bios', menu: true } as const;
    const { id } = await bootUntil('Press ESC for boot menu', { boot, disks });
    await hosts.commandLine('vm', 'send', id, '\\e');
    await shows(id, '2. Virtio disk');
    await hosts.commandLine('vm', 'send', id, '2');
    expect(await shows(id, ' disk speaks')).toContain('the second disk speaks');
  });

  describe('with an ISO image of grub-mkrescue', () => {
    need('grub-mkrescue');

    test('boots from --cdrom through GRUB’s menu to Linux, which finds its CD, and the next one', {
      timeout: LONG_MS,
    }, async () => {
      const iso = rescueImage(hosts.folder);
      const { id, shown } = await bootUntil('Tiny Linux is up', { memoryMiB: 256, cdrom: iso });
      expect(shown).toContain('GNU GRUB');
      expect(shown).toContain('Tiny Linux from the CD');
      expect(shown).toMatch(/virtio_blk \S+ \[vda\]/);
      const shell = new GuestShell(hosts, id);
      await shell.logIn();
      const list = 'mount -t iso9660 /dev/vda /mnt && ls /mnt/boot /mnt; umount /mnt';
      expect(await shell.answer(list)).toContain('vmlinuz');
      const next = join(hosts.folder, 'next.iso');
      writeFileSync(next, isoImage('next', [{ name: 'second-volume', bytes: new Uint8Array(1) }], new Date(0)));
      expect(await hosts.commandLine('vm', 'set', id, `cdrom=${next}`)).toMatchObject({ status: 0 });
      expect(await shell.answer(list)).toContain('second-volume');
    });
  });
});
