import { debianDisk } from '../support/guest/debian-disk.ts';
import { Lab } from '../support/lab/lab.ts';
import { LabBulkhead, type LabMachine, PROGRAM } from '../support/lab/lab-bulkhead.ts';
import { q35, startPasst, virtioCard, virtioDisk } from '../support/lab/qemu-q35.ts';
import { type Figure, inTurn } from './figure.ts';

const RUNS = 3;
const LOGIN = 'debian login:';
const MEMORY_MIB = 1024;
/** The lab holds the disk, what both write to it, and one guest. */
const LAB_MIB = 6144;
const LATEST_S = 7200;
const BOOT_S = 900;
const FOLDER = '/tmp/login';
const SOCKET = '/tmp/login-passt';

/**
 * In the KVM lab: the seconds from the command to the login prompt of Debian 12, installed on a qcow2 disk, through SeaBIOS
 * and GRUB, with a network card on passt; against QEMU's q35 on KVM with the same of each, in turn. Every run finds the
 * disk as it was installed.
 */
export async function benchLogin(): Promise<Figure[]> {
  const disk = debianDisk();
  const lab = await Lab.start({ memoryMiB: LAB_MIB, seconds: LATEST_S });
  try {
    await lab.output(`mkdir ${FOLDER} && cp ${disk} ${FOLDER}/installed`, { seconds: 300 });
    const [ours, qemu] = [`${FOLDER}/ours`, `${FOLDER}/qemu`];
    await freshDisk(lab, ours);
    const bulkhead = await LabBulkhead.create(lab, '/tmp/home');
    const machine = await bulkhead.create(
      'bench',
      ...[
        '--firmware',
        'bios',
        '--disk',
        `${ours},allow-backing`,
        '--net',
        'user',
        '--memory',
        `${MEMORY_MIB}M`,
        '--accel',
        'kvm',
      ],
    );
    const figures = await inTurn(
      RUNS,
      () => loginOurs(machine, ours),
      () => loginQemu(lab, qemu),
    );
    return [{ name: 'login-lab', unit: 's', ...figures }];
  } finally {
    await lab.dispose();
  }
}

async function freshDisk(lab: Lab, path: string): Promise<void> {
  await lab.output(`qemu-img create -q -f qcow2 -F qcow2 -b ${FOLDER}/installed ${path}`);
}

async function loginOurs(machine: LabMachine, disk: string): Promise<number> {
  const { lab, env } = machine.bulkhead;
  await freshDisk(lab, disk);
  const start = `${PROGRAM}/bulkhead vm start ${machine.name} --wait-for '${LOGIN}' --timeout ${BOOT_S}`;
  const ms = await lab.output(`begin=$(date +%s%N); ${start} >&2; echo $(($(date +%s%N) - begin))`, {
    env,
    seconds: BOOT_S,
  });
  await machine.vm('kill');
  return Number(ms) / 1e9;
}

async function loginQemu(lab: Lab, disk: string): Promise<number> {
  await freshDisk(lab, disk);
  await startPasst(lab, SOCKET);
  const console = `${FOLDER}/console`;
  const serial = `-chardev file,id=serial,path=${console} -serial chardev:serial`;
  const command = `${q35(MEMORY_MIB)} ${serial} ${virtioDisk(disk, 'qcow2')} ${virtioCard(SOCKET)}`;
  const { code, stdout, stderr } = await lab.shell(
    `rm -f ${console}; begin=$(date +%s%N)
     ${command} </dev/null & qemu=$!
     until grep -qs '${LOGIN}' ${console}; do kill -0 $qemu || exit 1; sleep 0.5; done
     echo $(($(date +%s%N) - begin)); kill -KILL $qemu; wait $qemu 2>/dev/null; true`,
    { seconds: BOOT_S },
  );
  if (code === 0) return Number(stdout) / 1e9;
  throw new Error(`QEMU did not come to a login: ${stderr}${await lab.output(`tail -n 30 ${console}`)}`);
}
