import { beforeAll, describe, expect, test } from 'vitest';
import { createOptions, type DebianGuest } from '../support/lab/debian-guest.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { answersOf, makeReportingGuest, type Question, REPORTED } from '../support/lab/reporting-guest.ts';
import { need } from '../support/need.ts';

const STRETCH_S = 20;
const WORK_S = 4;

describe('a Debian guest of several vCPUs', LAB_RETRY, () => {
  const session = labSession({ cpus: 2 });
  const met = need('gcc');
  let asked: (...questions: Question[]) => DebianGuest;

  beforeAll(async () => {
    if (session.lab && met) asked = await makeReportingGuest(session.lab);
  });

  test('of four that idles takes less than a tenth of one of the host’s CPUs', async () => {
    const options = createOptions(asked());
    const machine = await session.bulkhead.create('idle', ...options, '--accel', 'kvm', '--cpus', '4');
    await machine.start(REPORTED);
    const { pid } = await machine.listed();
    // proc(5) stat: utime and stime, in hundredths of a second of the lab's own time.
    const ticks = `awk '{ print $14 + $15 }' /proc/${pid}/stat`;
    const took = await session.lab.output(
      `sleep 5; before=$(${ticks}); sleep ${STRETCH_S}; echo $(($(${ticks}) - before))`,
    );
    await machine.vm('kill');
    expect(Number(took) / 100 / STRETCH_S).toBeLessThan(0.1);
  });

  test('two do more parallel work in a time than one does', { tags: ['long'] }, async () => {
    const question = `parallel=${WORK_S}` as const;
    const rounds = async (cpus: number): Promise<number> => {
      const options = createOptions(asked(question));
      const machine = await session.bulkhead.create(`work-${cpus}`, ...options, '--accel', 'kvm', '--cpus', `${cpus}`);
      await machine.start(REPORTED);
      const [done] = (await answersOf(machine)).get(question)!;
      await machine.vm('kill');
      return Number(done);
    };
    const [one, two] = [await rounds(1), await rounds(2)];
    expect(one).toBeGreaterThan(0);
    expect(two / one).toBeGreaterThan(1.2);
  });
});
