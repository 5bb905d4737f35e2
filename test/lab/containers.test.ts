import { describe, test } from 'vitest';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { expectPassInLab, FILE_MS } from '../support/lab/tests-in-lab.ts';

/** What differs most where control groups are of version 2; and the rest of the runtime's tests. */
const FIRST = ['limits'];
const MORE = ['conformance', 'fields', 'holes', 'lifecycle'];
const ENGINE = ['bulkhead', 'churn', 'docker-files-and-views', 'docker-networks', 'dockerode'];

describe('the container runtime, on the control groups of version 2 of the lab', LAB_RETRY, () => {
  const session = labSession({ seconds: 3600 });
  const passes = (name: string): Promise<void> => expectPassInLab(session.lab, `test/engine/runtime/${name}.test.ts`);

  test.for(FIRST)('every test passes, none is skipped: %s', { timeout: FILE_MS }, passes);
  test.for(MORE)('every test passes, none is skipped: %s', { timeout: FILE_MS, tags: ['long'] }, passes);
});

describe('the engine of root, on the control groups of version 2 of the lab', LAB_RETRY, () => {
  const session = labSession({ seconds: 7200 });

  test.for(ENGINE)('every test passes, none is skipped: %s', { timeout: FILE_MS, tags: ['long'] }, async (name) => {
    // The lab's own root is an overlay, which takes no writable layer of another.
    const temporary = '/mnt';
    await session.lab.output(`busybox mountpoint -q ${temporary} || mount -t tmpfs -o mode=1777 tmpfs ${temporary}`);
    await expectPassInLab(session.lab, `test/engine/real/${name}.test.ts`, { temporary });
  });
});
