import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { rescueImage } from '../support/guest/rescue-image.ts';
import { clone } from '../support/lab/lab.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { need } from '../support/need.ts';

describe('firmware on KVM, by the command line client', LAB_RETRY, () => {
  let iso: string;
  if (need('grub-mkrescue')) {
    beforeAll(() => {
      iso = rescueImage(join(clone, '.cache/test-guest'));
    });
  }
  const session = labSession();

  test('an ISO image of grub-mkrescue boots from --cdrom through GRUB’s menu to Linux', async () => {
    const machine = await session.bulkhead.create(
      'rescue',
      ...['--firmware', 'bios', '--cdrom', iso, '--memory', '256M', '--accel', 'kvm'],
    );
    await machine.start('Tiny Linux is up', 300);
    const shown = await machine.vm('log');
    expect(shown).toContain('SeaBIOS (version 1.16');
    expect(shown).toContain('Tiny Linux from the CD');
    expect(shown).toMatch(/virtio_blk \S+ \[vda\]/);
    await machine.vm('stop');
    await machine.wait();
    expect(await machine.left()).toBe('');
  });
});
