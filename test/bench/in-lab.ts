import { ending, Lab } from '../support/lab/lab.ts';

const LATEST_S = 900;

/** Runs one bench in the lab, by this same program, and prints its figures. */
export async function runInLab(name: string): Promise<void> {
  process.stderr.write(`${name}: no KVM on this computer, so in the lab: the ratio counts, the times do not\n`);
  const lab = await Lab.start({ seconds: LATEST_S + 60 });
  try {
    const argv = [process.execPath, process.argv[1]!, name];
    const end = await lab.exec(argv, { env: { ELECTRON_RUN_AS_NODE: '1' }, seconds: LATEST_S });
    process.stderr.write(end.stderr);
    process.stdout.write(end.stdout);
    if (end.code !== 0) throw new Error(`bench ${name}: in the lab: ${ending(end)}`);
  } finally {
    await lab.dispose();
  }
}
