import { describe, expect, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';

describe('a virtio disk on KVM, by the command line client', LAB_RETRY, () => {
  const session = labSession();

  test('Tiny Linux makes a file system on it, whose files are the same after a remount, and e2fsck agrees', async () => {
    const { lab, bulkhead } = session;
    const image = `${bulkhead.home}/disk.img`;
    await lab.output(`truncate -s 64M ${image}`);
    const machine = await bulkhead.create(
      'disk',
      ...['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm', '--cpus', '2', '--disk', image],
    );
    await machine.start('login:');
    await machine.logIn();
    // Short commands: the shell breaks the line it echoes at the terminal's edge.
    const inGuest = async (...commands: string[]): Promise<void> => {
      for (const command of commands) expect(await machine.answer(`${command} || echo BAD`)).not.toMatch(/^BAD$/m);
    };
    expect(await machine.answer('cat /sys/block/vda/size; ls /sys/block/vda/mq')).toBe('131072\n0  1');
    expect(await machine.answer('dmesg | grep -i virtio | grep -icE "warn|error|fail"')).toBe('0');
    // Bit 34, RING_PACKED, of every device: cut counts from 1.
    expect(await machine.answer('cut -c35 /sys/bus/virtio/devices/*/features | sort -u')).toBe('1');
    await inGuest('mke2fs /dev/vda >/dev/null', 'mount /dev/vda /mnt', 'cp -a /bin /etc /mnt/');
    await inGuest('head -c 8000000 /dev/urandom >/mnt/r', 'cd /mnt');
    await inGuest('find . -type f | xargs md5sum >/tmp/s');
    await inGuest('cd /', 'sync', 'umount /mnt', 'mount /dev/vda /mnt');
    await inGuest('cd /mnt', 'md5sum -c /tmp/s >/dev/null', 'cd /');
    expect(await machine.answer('head -c 64 /dev/hwrng | wc -c')).toBe('64');
    expect(await machine.answer('grep virtio /proc/interrupts | grep -c MSI')).toMatch(/^[3-9]$/);
    await machine.type('umount /mnt; poweroff\\n');
    await machine.wait();
    const fsck = await lab.shell(`e2fsck -fn ${image}`);
    expect(fsck, fsck.stdout).toMatchObject({ code: 0 });
    expect(await machine.left()).toBe('');
  });

  test('a pause and a reset in the middle of writing lose nothing that was flushed', { tags: ['long'] }, async () => {
    const { lab, bulkhead } = session;
    const image = `${bulkhead.home}/disk.img`;
    await lab.output(`truncate -s 64M ${image}`);
    const machine = await bulkhead.create(
      'reset',
      ...['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm', '--disk', image],
    );
    await machine.start('login:');
    await machine.logIn();
    await machine.answer('mke2fs /dev/vda >/dev/null && mount /dev/vda /mnt');
    await machine.answer('echo kept >/mnt/kept; sync');
    await machine.type('while :; do dd if=/dev/zero of=/mnt/busy bs=64k count=100 conv=fsync 2>/dev/null; done\\n');
    await machine.vm('pause');
    await machine.vm('resume');
    await machine.vm('reset');
    await machine.logged('login:', { times: 2, seconds: 120 });
    await machine.logIn();
    expect(await machine.answer('mount -o ro /dev/vda /mnt && cat /mnt/kept')).toBe('kept');
    await machine.vm('kill');
    expect(await machine.left()).toBe('');
  });

  test('a read-only disk refuses writes, and keeps its bytes', { tags: ['long'] }, async () => {
    const { lab, bulkhead } = session;
    const image = `${bulkhead.home}/disk.img`;
    await lab.output(`head -c 1M /dev/urandom > ${image} && chmod 444 ${image} && md5sum < ${image} > ${image}.md5`);
    const machine = await bulkhead.create(
      'ro',
      ...['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm', '--disk', `${image},readonly,serial=S1`],
    );
    await machine.start('login:');
    await machine.logIn();
    expect(await machine.answer('cat /sys/block/vda/ro; cat /sys/block/vda/serial; echo')).toBe('1\nS1');
    await machine.answer('dd if=/dev/zero of=/dev/vda count=1');
    await machine.vm('kill');
    expect(await lab.output(`md5sum < ${image} | cmp - ${image}.md5 && echo same`)).toBe('same\n');
  });
});
