/** Debian 12, installed on a disk with a boot loader, as people have it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { debianDisk, INSTALL_MS, PARTITION_BYTES } from '../support/guest/debian-disk.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { need } from '../support/need.ts';

const USER_DATA = `#cloud-config
hostname: seeded
ssh_genkeytypes: []
locale: C.UTF-8
users:
  - name: anna
    lock_passwd: false
    plain_text_passwd: secret
    shell: /bin/sh
`;

describe('Debian on a qcow2 disk, on KVM', LAB_RETRY, () => {
  let disk: string;
  if (need('root', 'debootstrap', 'qemu-img')) {
    beforeAll(() => {
      disk = debianDisk();
    }, INSTALL_MS);
  }
  const session = labSession({ memoryMiB: 6144, seconds: 3600 });

  test('SeaBIOS and GRUB lead to systemd and a login, cloud-init did as its seed says, the power button ends it, and the disk is clean', {
    tags: ['long'],
  }, async () => {
    const { lab, bulkhead } = session;
    const image = `${bulkhead.home}/debian.qcow2`;
    const seed = `${bulkhead.home}/user-data`;
    await lab.output(`cp ${disk} ${image}`, { seconds: 300 });
    await lab.output(`cat > ${seed}`, { input: USER_DATA });
    const machine = await bulkhead.create(
      'debian',
      ...['--firmware', 'bios', '--disk', image, '--memory', '1G', '--accel', 'kvm', '--cloud-init', seed],
    );
    await machine.start('seeded login:', 1200);
    const shown = await machine.vm('log');
    expect(shown).toContain('SeaBIOS (version 1.16');
    expect(shown).toMatch(/Debian GNU\/Linux 12 seeded ttyS0/);
    await machine.type('anna\\n');
    await machine.logged('Password:', { seconds: 120 });
    await machine.type('secret\\n');
    await machine.logged('^\\$ ', { seconds: 300 });
    expect(await machine.answer('cloud-init status --wait', 300)).toMatch(/status: done/);
    expect(await machine.answer('findmnt -no SOURCE,FSTYPE /')).toBe('/dev/vda1 ext4');
    expect(await machine.answer('systemctl --failed --no-legend | wc -l', 120)).toBe('0');
    await machine.vm('stop');
    await machine.wait(600);
    expect(await machine.vm('log')).toMatch(/reboot: Power down/);
    expect(await machine.left()).toBe('');
    const check = await lab.shell(`qemu-img check ${image}`, { seconds: 120 });
    expect(check.stdout).toMatch(/No errors were found/);
    const convert = `qemu-img convert -O raw ${image} /run/debian.raw && e2fsck -fn '/run/debian.raw?offset=${PARTITION_BYTES}'`;
    const fsck = await lab.shell(convert, { seconds: 600 });
    expect(fsck, fsck.stdout).toMatchObject({ code: 0 });
  });
});
