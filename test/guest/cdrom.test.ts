import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { openIsos, writeIso } from '../support/isos.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { type QmpLines, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
/** Mounts the CD, shows what is in it, and unmounts it. */
const READ = 'mount -t iso9660 /dev/vda /mnt && cat /mnt/hello; umount /mnt';

describe('the CD drive of a running Tiny Linux, on the translating accelerator', () => {
  let hosts: VmHosts;
  let id: string;
  let shell: GuestShell;
  let qmp: QmpLines;
  let [first, second]: [string, string] = ['', ''];
  beforeAll(async () => {
    hosts = await VmHosts.open();
    first = cd('first', 20_000);
    second = cd('second', 300_000);
    const boot = { kind: 'guest', guest: 'tiny-linux' } as const;
    id = await hosts.run(new Uint8Array(1), { accelerator: 'translated', memoryMiB: 128, boot, cdrom: first });
    shell = new GuestShell(hosts, id);
    qmp = await hosts.negotiated(id);
    await shell.logIn();
  }, LONG_MS);
  afterAll(() => hosts.close());

  /** An ISO image with a file that says which it is. */
  function cd(name: string, fillBytes: number): string {
    return writeIso(hosts.folder, name, [
      { name: 'hello', bytes: Buffer.from(`from the ${name}\n`) },
      { name: 'fill', bytes: new Uint8Array(fillBytes) },
    ]);
  }

  const set = (assignment: string) => hosts.commandLine('vm', 'set', id, assignment);
  /** What the inventory says is in the drive. */
  const kept = (): string | undefined => hosts.store.intact(id).cdrom;
  /** The images of CDs the VM host has open. */
  const held = (): string[] => openIsos(hosts.pid(id));
  const trayMoves = async (count: number): Promise<unknown[]> => {
    const moves: unknown[] = [];
    while (moves.length < count) moves.push((await qmp.event('DEVICE_TRAY_MOVED')).data);
    return moves;
  };
  const moved = (open: boolean) => ({ device: 'cdrom0', id: 'cdrom0', 'tray-open': open });

  test('another image is another disk to the guest, of its own size', { timeout: LONG_MS }, async () => {
    expect(await shell.answer(READ)).toContain('from the first');
    const before = await shell.answer('cat /sys/block/vda/size');
    expect(await set(`cdrom=${second}`)).toMatchObject({ status: 0, stderr: '' });
    expect(await trayMoves(2)).toEqual([moved(true), moved(false)]);
    expect(held()).toEqual([second]);
    expect(await shell.answer(READ)).toContain('from the second');
    expect(Number(await shell.answer('cat /sys/block/vda/size'))).toBeGreaterThan(Number(before) + 500);
    expect(kept()).toBe(second);
  });

  test('virtio 1.2 §5.2.4: an empty drive has no capacity; nothing can be read from it', {
    timeout: LONG_MS,
  }, async () => {
    expect(await set('cdrom=')).toMatchObject({ status: 0, stderr: '' });
    expect(await trayMoves(1)).toEqual([moved(true)]);
    expect(held()).toEqual([]);
    expect((await shell.answer('cat /sys/block/vda/size')).trim()).toBe('0');
    expect(await shell.answer(`${READ}; dd if=/dev/vda bs=2048 count=1 | wc -c`)).not.toMatch(/from the|2048/);
    expect(kept()).toBe('empty');
  });

  test('the tray closes over what QMP puts in, as QEMU says it', { timeout: LONG_MS }, async () => {
    const change = { id: 'cdrom0', filename: first, format: 'raw' };
    qmp.send(`${JSON.stringify({ execute: 'blockdev-change-medium', arguments: change })}\r\n`);
    expect(await trayMoves(1)).toEqual([moved(false)]);
    expect(await qmp.answer()).toEqual({ return: {} });
    expect(await shell.answer(READ)).toContain('from the first');
  });

  test('a guest that was reset finds what is in the drive', { timeout: LONG_MS, tags: ['long'] }, async () => {
    await qmp.execute('system_reset');
    await shell.logIn(2);
    expect(await shell.answer(READ)).toContain('from the first');
  });

  test('a paused guest finds what was put in when it goes on', { timeout: LONG_MS }, async () => {
    await qmp.execute('stop');
    for (const image of ['empty', first, second]) expect(await set(`cdrom=${image}`)).toMatchObject({ status: 0 });
    expect(held().filter((path) => path === second)).toHaveLength(1);
    await qmp.execute('cont');
    expect(await shell.answer(READ)).toContain('from the second');
    expect(held()).toEqual([second]);
  });

  test('what cannot be put in is refused, and the drive keeps what it has', { timeout: LONG_MS }, async () => {
    expect(await set('cdrom=/nowhere.iso')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('cdrom /nowhere.iso: there is no such file'),
    });
    const refused = async (command: string, args: object) =>
      (await qmp.execute(command, { arguments: args as Record<string, unknown> })).error;
    expect(await refused('blockdev-change-medium', { id: 'cdrom0', filename: '/etc/hostname' })).toMatchObject({
      class: 'GenericError',
      desc: 'cdrom /etc/hostname: this is no ISO image',
    });
    expect(await refused('blockdev-change-medium', { id: 'cdrom0', filename: first, format: 'qcow2' })).toMatchObject({
      desc: "Parameter 'format' expects 'raw'",
    });
    expect(await refused('eject', {})).toMatchObject({ desc: "Need exactly one of 'device' and 'id'" });
    expect(await refused('eject', { id: 'floppy0' })).toEqual({
      class: 'DeviceNotFound',
      desc: "Device 'floppy0' not found",
    });
    expect(await shell.answer(READ)).toContain('from the second');
    expect(await hosts.commandLine('vm', 'set', id, `cdrom=${first}`, 'memory=256M')).toMatchObject({ status: 4 });
    expect(kept()).toBe(second);
  });
});
