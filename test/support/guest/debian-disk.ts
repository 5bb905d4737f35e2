import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';

/** How long the first `debianDisk` may take: it fetches and configures some 200 packages. */
export const INSTALL_MS = 1_800_000;
const FOLDER = join(repositoryRoot, '.cache/test-guest');
const DISK_BYTES = 2 ** 31;
const SECTOR_BYTES = 512;
/** Where partitions begin by custom: 1 MiB. Before it lie the boot record and GRUB's core. */
export const PARTITION_BYTES = 2 ** 20;
const GRUB = '/usr/lib/grub/i386-pc';
/** Before the partition table in the first sector (boot.img is made to fit). */
const BOOT_CODE_BYTES = 440;
/** dbus for systemd-logind, which answers the power button. */
const PACKAGES =
  'systemd-sysv,dbus,udev,linux-image-amd64,e2fsprogs,login,passwd,iproute2,python3-cffi-backend,cloud-init';

const MENU = `serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=1
menuentry "Debian" {
  linux /vmlinuz root=/dev/vda1 ro console=ttyS0 net.ifnames=0
  initrd /initrd.img
}
`;

/** The path of a qcow2 disk with Debian 12 on it, made by debootstrap, and GRUB. Made once; needs root. */
export function debianDisk(): string {
  const disk = join(FOLDER, 'debian.qcow2');
  if (existsSync(disk)) return disk;
  mkdirSync(FOLDER, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'bulkhead-debian-'));
  try {
    const root = join(work, 'root');
    installDebian(root);
    run('chroot', root, 'apt-get', 'clean');
    writeFileSync(join(root, 'etc/fstab'), '/dev/vda1 / ext4 errors=remount-ro 0 1\n');
    writeFileSync(join(root, 'etc/hostname'), 'debian\n');
    mkdirSync(join(root, 'boot/grub'));
    writeFileSync(join(root, 'boot/grub/grub.cfg'), MENU);
    cpSync(GRUB, join(root, 'boot/grub/i386-pc'), { recursive: true });
    const raw = join(work, 'disk.raw');
    bootableDisk(raw, root, work);
    run('qemu-img', 'convert', '-O', 'qcow2', raw, join(work, 'disk.qcow2'));
    cpSync(join(work, 'disk.qcow2'), `${disk}.unfinished`);
    renameSync(`${disk}.unfinished`, disk);
    return disk;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** debootstrap mounts /proc in there, and leaves it when it fails. */
function installDebian(root: string): void {
  try {
    run('debootstrap', '--variant=minbase', `--include=${PACKAGES}`, 'bookworm', root);
  } finally {
    spawnSync('umount', ['-R', join(root, 'proc')]);
    spawnSync('umount', ['-R', join(root, 'sys')]);
  }
}

/** One ext4 partition with the tree `root`, and GRUB before it, as `grub-install` embeds it. */
function bootableDisk(raw: string, root: string, work: string): void {
  writeFileSync(raw, '');
  execFileSync('truncate', ['-s', `${DISK_BYTES}`, raw]);
  const size = `${(DISK_BYTES - PARTITION_BYTES) / 1024}k`;
  run('mkfs.ext4', '-q', '-F', '-d', root, '-E', `offset=${PARTITION_BYTES}`, raw, size);
  const core = join(work, 'core.img');
  const modules = ['biosdisk', 'part_msdos', 'ext2'];
  run('grub-mkimage', '-O', 'i386-pc', '-o', core, '-p', '(hd0,msdos1)/boot/grub', ...modules);
  const fd = openSync(raw, 'r+');
  writeSync(fd, readFileSync(join(GRUB, 'boot.img')), 0, BOOT_CODE_BYTES, 0);
  // boot.img reads the core from the second sector unless it is told otherwise, and the core's own list begins there.
  writeSync(fd, readFileSync(core), 0, undefined, SECTOR_BYTES);
  writeSync(fd, partitionTable(), 0, undefined, 446);
  closeSync(fd);
}

/** An active Linux partition from PARTITION_BYTES to the end, then three empty entries and the signature. */
function partitionTable(): Buffer {
  const table = Buffer.alloc(66);
  table.writeUInt8(0x80, 0);
  table.writeUInt8(0x83, 4);
  table.writeUInt32LE(PARTITION_BYTES / SECTOR_BYTES, 8);
  table.writeUInt32LE((DISK_BYTES - PARTITION_BYTES) / SECTOR_BYTES, 12);
  table.writeUInt16LE(0xaa55, 64);
  return table;
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
