import { describe, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { expectPassInLab, FILE_MS } from '../support/lab/tests-in-lab.ts';

/** What differs most where control groups are of version 2; and the rest of the runtime's tests. */
const FIRST = ['limits'];
const MORE = ['conformance', 'fields', 'holes', 'lifecycle'];

describe('the container runtime, on the control groups of version 2 of the lab', LAB_RETRY, () => {
  const session = labSession({ seconds: 3600 });
  const passes = (name: string): Promise<void> => expectPassInLab(session.lab, `test/engine/runtime/${name}.test.ts`);

  test.for(FIRST)('every test passes, none is skipped: %s', { timeout: FILE_MS }, passes);
  test.for(MORE)('every test passes, none is skipped: %s', { timeout: FILE_MS, tags: ['long'] }, passes);
});
