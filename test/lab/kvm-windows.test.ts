import { describe, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { expectPassInLab, FILE_MS, kvmTests } from '../support/lab/tests-in-lab.ts';

describe('the window, on the KVM of the lab', LAB_RETRY, () => {
  const session = labSession();

  test.for(kvmTests('test/ui/*.test.ts').all)('every test passes, none is skipped: %s', { timeout: FILE_MS }, (file) =>
    expectPassInLab(session.lab, file),
  );
});
