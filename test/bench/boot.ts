import { bootUnderQemu, createOptions, FIRST_LINE, makeDebianGuest } from '../support/lab/debian-guest.ts';
import { Lab } from '../support/lab/lab.ts';
import { LabBulkhead, type LabMachine, PROGRAM } from '../support/lab/lab-bulkhead.ts';
import { repositoryRoot } from '../support/repository.ts';
import { type Figure, inTurn } from './figure.ts';

const RUNS = 3;
const QMP = `node ${repositoryRoot}/test/support/lab/qmp.mjs`;

interface Startup {
  readonly startup: readonly { readonly step: string; readonly ms: number }[];
}

/**
 * In the KVM lab: the seconds from `bulkhead vm start` to the first line of user space of the distribution's kernel,
 * against QEMU's smallest machine on KVM with the same kernel, initrd, command line and memory, in turn.
 */
export async function benchBoot(): Promise<Figure[]> {
  const lab = await Lab.start();
  try {
    const guest = await makeDebianGuest(lab);
    const bulkhead = await LabBulkhead.create(lab, '/tmp/home');
    const machine = await bulkhead.create('bench', ...createOptions(guest), '--accel', 'kvm');
    const figures = await inTurn(
      RUNS,
      () => bootOurs(machine),
      async () => (await bootUnderQemu(lab, guest)).seconds,
    );
    return [{ name: 'boot-lab', unit: 's', ...figures }];
  } finally {
    await lab.dispose();
  }
}

async function bootOurs(machine: LabMachine): Promise<number> {
  const { lab, env } = machine.bulkhead;
  const start = `${PROGRAM}/bulkhead vm start ${machine.name} --wait-for '${FIRST_LINE}'`;
  const times = await lab.output(`begin=$(date +%s%N); ${start} >&2; echo $(($(date +%s%N) - begin))`, {
    env,
    seconds: 180,
  });
  await explain(machine);
  await machine.vm('kill');
  return Number(times) / 1e9;
}

/** Where the time went, for whoever reads along. */
async function explain(machine: LabMachine): Promise<void> {
  const { lab } = machine.bulkhead;
  const { startup } = JSON.parse(await lab.output(`${QMP} ${machine.paths.qmp} x-query-machine`)) as Startup;
  const steps = startup.map(({ step, ms }) => `${step} ${ms.toFixed(0)} ms`).join(', ');
  const { vcpus } = JSON.parse(await lab.output(`${QMP} ${machine.paths.qmp} x-query-stats`)) as {
    vcpus: readonly { portExits: number; mmioExits: number; otherExits: number }[];
  };
  const exits = vcpus
    .map(({ portExits, mmioExits, otherExits }) => `${portExits}/${mmioExits}/${otherExits}`)
    .join(' ');
  process.stderr.write(`boot-lab: ${steps}; exits (port/MMIO/other) ${exits}\n`);
}
