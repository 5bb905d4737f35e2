import type { Lab } from './lab.ts';
import { clone } from './lab.ts';

/** The first line that user space prints in the guest below. */
export const FIRST_LINE = 'USER SPACE IS UP';

export interface DebianGuest {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
  readonly memoryMiB: number;
}

const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
echo "${FIRST_LINE}"
exec /bin/busybox setsid -c /bin/busybox sh </dev/console >/dev/console 2>&1
`;

/** The distribution's unmodified amd64 kernel (the lab's own), with an initramfs of a static busybox, made in the lab. */
export async function makeDebianGuest(lab: Lab): Promise<DebianGuest> {
  const folder = '/tmp/debian-guest';
  const busybox = '$(command -v busybox)';
  await lab.output(
    `mkdir -p ${folder}/root/bin && cd ${folder}/root && cp ${busybox} bin/busybox && cat > init && chmod +x init &&
     find . | cpio -o -H newc --quiet | gzip -1 > ../initrd.gz`,
    { input: INIT },
  );
  const kernel = `${clone}/.cache/lab/vmlinuz`;
  return { kernel, initrd: `${folder}/initrd.gz`, commandLine: 'console=ttyS0', memoryMiB: 512 };
}

/** How `bulkhead vm create` is told of it. */
export function createOptions({ kernel, initrd, commandLine, memoryMiB }: DebianGuest): string[] {
  return ['--kernel', kernel, '--initrd', initrd, '--cmdline', commandLine, '--memory', `${memoryMiB}M`];
}

/** A CPU as `vm create` is told of it, by the model's name and sockets × cores × threads. */
export interface GuestCpu {
  readonly model: string;
  readonly layout: string;
}

/**
 * Boots it under QEMU's smallest machine on KVM to the first line of user space. Returns the serial log and the seconds
 * from the command to that line.
 */
export async function bootUnderQemu(
  lab: Lab,
  guest: DebianGuest,
  { model, layout }: GuestCpu = { model: 'host', layout: '1x1x1' },
): Promise<{ log: string; seconds: number }> {
  const { kernel, initrd, commandLine, memoryMiB } = guest;
  const [sockets, cores, threads] = layout.split('x').map(Number) as [number, number, number];
  const cpus = `-cpu ${model} -smp ${sockets * cores * threads},sockets=${sockets},cores=${cores},threads=${threads}`;
  const machine = `-M microvm -accel kvm ${cpus} -m ${memoryMiB} -display none -nodefaults -no-user-config`;
  const boot = `-kernel ${kernel} -initrd ${initrd} -append '${commandLine}'`;
  const script = `
    console=$(mktemp -u) && mkfifo $console
    begin=$(date +%s%N)
    qemu-system-x86_64 ${machine} -serial stdio ${boot} </dev/null >$console &
    qemu=$!
    sed '/${FIRST_LINE}/q' <$console
    end=$(date +%s%N)
    kill -KILL $qemu; wait $qemu 2>/dev/null; rm $console
    echo "$end $begin" >&2`;
  const { code, stdout, stderr } = await lab.shell(script, { seconds: 120 });
  const [end, begin] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  if (code !== 0 || !end || !begin) throw new Error(`QEMU did not boot the guest: ${stderr}${stdout.slice(-1000)}`);
  return { log: stdout.replaceAll('\r', ''), seconds: (end - begin) / 1e9 };
}
