import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { debianDisk } from '../support/guest/debian-disk.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { Computer, type Page, picture } from './support/app-under-test.ts';
import { openWizard, screenShows, typeLine } from './support/steps.ts';

/** In the lab, Chromium and the guest share one emulated processor. */
const LONG_MS = 180_000 * SLOWNESS;

describe('Debian, installed on a qcow2 disk', () => {
  const met = need('kvm', 'hardware', 'display', 'root', 'debootstrap', 'qemu-img');
  const computer = new Computer();
  let page: Page;

  beforeAll(async () => {
    if (met) page = await computer.openWindow();
  }, LONG_MS);
  afterAll(() => computer.dispose(), LONG_MS);

  test('comes from the wizard to its login, is seeded, and obeys the power button', {
    timeout: LONG_MS,
    tags: ['long'],
  }, async () => {
    const disk = join(computer.home, 'debian.qcow2');
    copyFileSync(debianDisk(), disk);
    await openWizard(page);
    await page.getByLabel('Name', { exact: true }).fill('debian');
    await page.getByRole('radio', { name: /^Firmware/ }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('radio', { name: /^KVM/ }).click();
    await page.getByRole('textbox', { name: 'Memory' }).fill('1024');
    await page.getByRole('button', { name: 'Continue' }).click();
    await computer.chooseFile(disk);
    await page.getByRole('button', { name: 'Add a disk image…' }).click();
    await page.getByText('/dev/vda · 2 GiB · qcow2').waitFor();
    await page.getByText('Form', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Host name' }).fill('seeded');
    await page.getByRole('textbox', { name: 'User' }).fill('anna');
    await page.getByLabel('Password', { exact: true }).fill('correct horse');
    await picture(page, 'installed-disk-wizard');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Create and start' }).click();
    await page.getByRole('tab', { name: 'Console' }).click();
    await page.locator('.xterm-helper-textarea').focus();
    await screenShows(page, /seeded login:/, LONG_MS);
    // What the seed has still to do is told on the same line of the console, in the midst of a prompt.
    await screenShows(page, /Cloud-init v\. \S+ finished/, LONG_MS);
    await typeLine(page, '');
    await screenShows(page, /^seeded login:\s*$/m);
    await typeLine(page, 'anna');
    await screenShows(page, /Password:\s*$/);
    await typeLine(page, 'correct horse');
    await screenShows(page, /anna@seeded.*\$\s*$/);
    await picture(page, 'installed-disk-console');
    await page.getByRole('button', { name: 'Power button' }).click();
    await page.locator('h1 + [data-state="stopped"]').waitFor({ timeout: LONG_MS });
    execFileSync('qemu-img', ['check', disk]);
  });
});
