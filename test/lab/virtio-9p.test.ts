import { describe, expect, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';

describe('host folders on KVM, by the command line client', LAB_RETRY, () => {
  const session = labSession();

  test('a tree of files goes both ways with its checksums', { tags: ['long'] }, async () => {
    const { lab, bulkhead } = session;
    const folder = `${bulkhead.home}/shared`;
    await lab.output(`mkdir ${folder} && head -c 2M /dev/urandom >${folder}/r && md5sum <${folder}/r >${folder}/sum`);
    const machine = await bulkhead.create(
      'shares',
      ...['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'kvm', '--share', `${folder}:work`],
    );
    await machine.start('login:');
    await machine.logIn();
    await machine.answer('mount -t 9p -o trans=virtio,version=9p2000.L work /mnt');
    expect(await machine.answer('md5sum </mnt/r | cmp - /mnt/sum && echo same')).toBe('same');
    await machine.answer('cp -a /etc /mnt/; head -c 2000000 /dev/urandom >/mnt/g');
    await machine.answer('cd /mnt; find etc g -type f | xargs md5sum >list; cd /; umount /mnt');
    expect(await lab.output(`cd ${folder} && md5sum --quiet -c list && echo same`)).toBe('same\n');
    expect(await machine.answer('dmesg | grep -i 9p | grep -icE "warn|error|fail"')).toBe('0');
    await machine.type('poweroff\\n');
    await machine.wait();
    expect(await machine.left()).toBe('');
  });
});
