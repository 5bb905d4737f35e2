import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
/** VIRTIO_F_RING_PACKED's place in a line of sysfs. */
const RING_PACKED = 34;

describe('virtio rings on the translating accelerator', () => {
  let hosts: VmHosts;
  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts.close());

  test('virtio 1.2 §6: Linux takes a packed ring from every device, and a disk over one keeps its files', {
    timeout: LONG_MS,
  }, async () => {
    const made = await hosts.commandLine(
      ...['vm', 'create', 'ringed', '--guest', 'tiny-linux', '--memory', '96M', '--accel', 'translated'],
      ...['--disk', 'new:8M', '--console', 'on', '--json'],
    );
    expect(made.stderr).toBe('');
    const { id } = JSON.parse(made.stdout) as { id: string };
    await hosts.fleet.start(id);
    const shell = new GuestShell(hosts, id);
    await shell.logIn();
    // Disk, console, entropy, balloon.
    const features = (await shell.answer('cat /sys/bus/virtio/devices/*/features')).split('\n');
    expect(features.map((bits) => bits[RING_PACKED])).toEqual(['1', '1', '1', '1']);

    await shell.answer('mke2fs /dev/vda >/dev/null; mount /dev/vda /mnt; cp -a /bin /etc /mnt');
    await shell.answer('cd /mnt; find . -type f | xargs md5sum >/tmp/sums; cd /; umount /mnt; mount /dev/vda /mnt');
    expect(await shell.answer('cd /mnt; md5sum -c /tmp/sums >/dev/null && echo same; cd /; umount /mnt')).toBe('same');
    expect(await shell.answer('dmesg | grep -iE "virtio|vda" | grep -icE "warn|error|fail"')).toBe('0');
  });
});
