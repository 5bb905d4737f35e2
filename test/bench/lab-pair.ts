import { createOptions, type DebianGuest } from '../support/lab/debian-guest.ts';
import { Lab } from '../support/lab/lab.ts';
import { LabBulkhead, type LabMachine } from '../support/lab/lab-bulkhead.ts';
import { makeLoadGuest, READY } from '../support/lab/load-guest.ts';
import { q35 } from '../support/lab/qemu-q35.ts';
import { repositoryRoot } from '../support/repository.ts';
import type { Figure } from './figure.ts';

/** How long a load lasts, by a clock that counts instructions. */
export const LOAD_S = 0.5;
const RUNS = 3;
/** A busy computer's lab is slow, whatever its clock says. */
const LATEST_S = 7200;
const TOOLS = `${repositoryRoot}/test/support/lab`;
const SERIAL = '/tmp/qemu-serial';

/** What both machines have besides kernel, initrd and memory, as either is told of it. */
export interface PairDevices {
  readonly ours: readonly string[];
  readonly qemu: string;
}

/** A load both guests are put under, by the load generator's command line. */
export interface Load {
  readonly name: string;
  readonly unit: string;
  readonly order: string;
  /** What one of the things that the load generator counts is, in the figure's unit. */
  readonly each: number;
}

/** Two running machines in a lab with the same kernel, initrd and command line: ours, and QEMU's q35 on KVM. */
export class LabPair {
  private constructor(
    private readonly lab: Lab,
    private readonly machine: LabMachine,
  ) {}

  static async start(lab: Lab, { ours, qemu }: PairDevices): Promise<LabPair> {
    const guest = await makeLoadGuest(lab);
    const bulkhead = await LabBulkhead.create(lab, '/tmp/home');
    const machine = await bulkhead.create('bench', ...createOptions(guest), '--accel', 'kvm', ...ours);
    await machine.start(READY);
    await startQemu(lab, guest, qemu);
    return new LabPair(lab, machine);
  }

  /** The figures of loads, ours and QEMU's in turn. */
  async figures(loads: readonly Load[]): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const load of loads) {
      const [ours, reference] = await this.measure(load);
      figures.push({ name: load.name, unit: load.unit, ours, reference, higherIsBetter: true });
    }
    return figures;
  }

  /** Ours and QEMU's, a value per run; one turn before them warms both up. */
  private async measure({ order, each }: Load): Promise<readonly [ours: number[], reference: number[]]> {
    const serial = this.machine.paths.qmp.replace(/[^/]*$/, 'serial0.sock');
    const ask = `node ${TOOLS}/ask-guest.mjs '${order}' ${RUNS + 1} ${serial} ${SERIAL}`;
    const said = await this.lab.output(ask, { seconds: 120 });
    const values = said
      .trim()
      .split('\n')
      .map((line) => {
        const [count, seconds] = line.split(' ').map(Number);
        if (!count || !seconds) throw new Error(`${order}: a guest says: ${line}`);
        return (count * each) / seconds;
      });
    const run = values.slice(2);
    return [run.filter((_, index) => index % 2 === 0), run.filter((_, index) => index % 2 === 1)];
  }
}

/**
 * The figures of loads in a lab of their own.
 * @param counted its clock goes by the work done, and other programs' is not in the figures; what waits often takes hours
 */
export async function benchPair(
  start: (lab: Lab) => Promise<LabPair>,
  loads: readonly Load[],
  counted: boolean,
): Promise<Figure[]> {
  const lab = await Lab.start({ counted, seconds: LATEST_S });
  try {
    const pair = await start(lab);
    return await pair.figures(loads);
  } finally {
    await lab.dispose();
  }
}

async function startQemu(lab: Lab, guest: DebianGuest, devices: string): Promise<void> {
  const { kernel, initrd, commandLine, memoryMiB } = guest;
  const serial = `-chardev socket,id=serial,path=${SERIAL},server=on,wait=off,logfile=${SERIAL}.log -serial chardev:serial`;
  const boot = `-kernel ${kernel} -initrd ${initrd} -append '${commandLine}'`;
  const command = `${q35(memoryMiB)} ${serial} ${boot} ${devices}`;
  const end = await lab.shell(
    `${command} </dev/null >${SERIAL}.out 2>&1 & qemu=$!
     until grep -qs '${READY}' ${SERIAL}.log; do kill -0 $qemu || exit 1; sleep 0.5; done`,
    { seconds: 120 },
  );
  if (end.code !== 0) throw new Error(`QEMU did not boot the guest: ${await lab.output(`cat ${SERIAL}.*`)}`);
}
