import { beforeAll, describe, test } from 'vitest';
import { debianDisk, INSTALL_MS } from '../support/guest/debian-disk.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { expectPassInLab, FILE_MS, kvmTests } from '../support/lab/tests-in-lab.ts';
import { need } from '../support/need.ts';

const { all, long } = kvmTests('test/ui/*.test.ts');
/** A file of the window's is long as a whole, or not at all. */
const short = all.filter((file) => !long.includes(file));

describe('the window, on the KVM of the lab', LAB_RETRY, () => {
  const session = labSession();

  test.for(short)('every test passes, none is skipped: %s', { timeout: FILE_MS }, (file) =>
    expectPassInLab(session.lab, file),
  );
});

describe('the window with an installed machine, on the KVM of the lab', LAB_RETRY, () => {
  if (need('root', 'debootstrap', 'qemu-img')) {
    beforeAll(() => {
      debianDisk();
    }, INSTALL_MS);
  }
  const session = labSession({ memoryMiB: 6144, seconds: 3600 });

  test.for(long)('the long ones pass too: %s', { timeout: FILE_MS, tags: ['long'] }, (file) =>
    expectPassInLab(session.lab, file, { long: true }),
  );
});
