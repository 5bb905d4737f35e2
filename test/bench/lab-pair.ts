import { createOptions, type DebianGuest } from '../support/lab/debian-guest.ts';
import { Lab } from '../support/lab/lab.ts';
import { LabBulkhead, type LabMachine } from '../support/lab/lab-bulkhead.ts';
import { makeLoadGuest, READY } from '../support/lab/load-guest.ts';
import { q35 } from '../support/lab/qemu-q35.ts';
import { repositoryRoot } from '../support/repository.ts';
import type { Figure } from './figure.ts';

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
  readonly order: (seconds: number) => string;
  /** What one of the things that the load generator counts is, in the figure's unit. */
  readonly each: number;
}

/** How loads are measured in a lab. */
export interface Pace {
  /** How long both are under a load before it counts, by the lab's clock: what is often run is compiled meanwhile. */
  readonly warmUpS: number;
  readonly loadS: number;
  readonly runs: number;
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
  async figures(loads: readonly Load[], pace: Pace): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const load of loads) {
      const [ours, reference] = await this.measure(load, pace);
      figures.push({ name: load.name, unit: load.unit, ours, reference, higherIsBetter: true });
    }
    return figures;
  }

  /** Ours and QEMU's, a value per run. */
  private async measure(load: Load, pace: Pace): Promise<readonly [ours: number[], reference: number[]]> {
    await this.ask(load, pace.warmUpS, 1);
    const values = await this.ask(load, pace.loadS, pace.runs);
    return [values.filter((_, index) => index % 2 === 0), values.filter((_, index) => index % 2 === 1)];
  }

  /** What each turn came to, ours and QEMU's by turns. */
  private async ask({ order, each }: Load, loadS: number, turns: number): Promise<number[]> {
    const serial = this.machine.paths.qmp.replace(/[^/]*$/, 'serial0.sock');
    const ask = `node ${TOOLS}/ask-guest.mjs '${order(loadS)}' ${turns} ${serial} ${SERIAL}`;
    const said = await this.lab.output(ask, { seconds: 120 });
    return said
      .trim()
      .split('\n')
      .map((line) => {
        const [count, seconds] = line.split(' ').map(Number);
        if (!count || !seconds) throw new Error(`${order(loadS)}: a guest says: ${line}`);
        return (count * each) / seconds;
      });
  }
}

/** The figures of loads in a lab of their own. */
export async function benchPair(
  start: (lab: Lab) => Promise<LabPair>,
  loads: readonly Load[],
  pace: Pace,
): Promise<Figure[]> {
  const lab = await Lab.start({ seconds: LATEST_S });
  try {
    const pair = await start(lab);
    return await pair.figures(loads, pace);
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
