import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const tinyLinux = new URL('../../../resources/guests/tiny-linux/', import.meta.url).pathname;

/** Makes an ISO image of grub-mkrescue's in `folder`, whose menu leads to Tiny Linux on the serial console; its path. */
export function rescueImage(folder: string): string {
  const tree = join(folder, 'iso/boot');
  mkdirSync(join(tree, 'grub'), { recursive: true });
  copyFileSync(join(tinyLinux, 'bzImage'), join(tree, 'vmlinuz'));
  copyFileSync(join(tinyLinux, 'initramfs.cpio.gz'), join(tree, 'initrd'));
  writeFileSync(
    join(tree, 'grub/grub.cfg'),
    `serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=1
menuentry "Tiny Linux from the CD" {
  linux /boot/vmlinuz console=ttyS0 panic=-1
  initrd /boot/initrd
}
`,
  );
  const iso = join(folder, 'tiny.iso');
  const made = spawnSync('grub-mkrescue', ['-o', iso, join(folder, 'iso')], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`grub-mkrescue: ${made.stderr}`);
  return iso;
}
