// Writes to a qcow2 image until it is killed, and says the number of each flush once that is done. Bundled by the test
// that kills it.
import { writeSync } from 'node:fs';
import { diskSteps, SECTOR, stampedSectors } from './disk-plan.ts';
import { perform, performing } from './disk-user.ts';

const [path, seed, diskSectors] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
performing({ path, format: 'qcow2', readOnly: false }, (disk) => {
  for (const step of diskSteps(seed, diskSectors)) {
    const [offset, length] = step.op === 'flush' ? [0, 0] : [step.first * SECTOR, step.sectors * SECTOR];
    const segments = step.op === 'write' ? [stampedSectors(step.stamp, step.sectors)] : [];
    const status = perform(disk, step.op, offset, segments, length);
    if (status !== 'ok') throw new Error(`${step.op}: ${status}`);
    if (step.op === 'flush') writeSync(1, `${step.number}\n`);
  }
});
