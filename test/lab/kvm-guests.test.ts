import { describe, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { expectPassInLab, FILE_MS, kvmTests } from '../support/lab/tests-in-lab.ts';

const LIFE_S = 7200;
const { all, long } = kvmTests('test/{guest,unit}/**/*.test.ts');

describe('on the KVM of the lab', LAB_RETRY, () => {
  const session = labSession({ seconds: LIFE_S });

  test.for(all)('every test passes, none is skipped: %s', { timeout: FILE_MS }, (file) =>
    expectPassInLab(session.lab, file),
  );

  test.for(long)('the long ones pass too: %s', { timeout: FILE_MS, tags: ['long'] }, (file) =>
    expectPassInLab(session.lab, file, { long: true }),
  );
});
