import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeDisk } from '../../src-main/storage/describe-disk.ts';
import { isoImage } from '../../src-main/storage/iso/iso-image.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { BarrierLog } from './support/accessibility.ts';
import { Computer, type Page } from './support/app-under-test.ts';
import { createTinyLinux, logIn, openWizard, screenShows, typeLine } from './support/steps.ts';

const computer = new Computer();
let page: Page;
let barriers: BarrierLog;

beforeAll(async () => {
  page = await computer.openWindow();
  barriers = new BarrierLog(page);
});
afterAll(() => computer.dispose());

const look = (name: string): Promise<void> => barriers.look(name);

test('firmware with nothing to boot from does not go on, and says what is missing', async () => {
  await openWizard(page);
  await page.getByLabel('Name', { exact: true }).fill('empty');
  await page.getByRole('radio', { name: /^Firmware/ }).click();
  await look('wizard-firmware');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('No disks: what the guest writes').waitFor();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('The firmware has nothing to boot from').waitFor();
  await look('wizard-nothing-to-boot');
});

test('a file that is no CD image is refused at its field', async () => {
  await page.getByRole('textbox', { name: 'CD image' }).fill('/etc/hostname');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('this is no ISO image').waitFor();
});

test('a wizard that is asked for while another one is being cancelled begins anew', async () => {
  const name = page.getByLabel('Name', { exact: true });
  await page.getByRole('button', { name: 'Cancel' }).evaluate((cancel) => {
    const controlN = { key: 'n', ctrlKey: true, shiftKey: false, altKey: false };
    cancel.dispatchEvent(new Event('click', { bubbles: true }));
    globalThis.dispatchEvent(Object.assign(new Event('keydown'), controlN));
  });
  await name.waitFor();
  expect(await name.inputValue()).not.toBe('empty');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await name.waitFor({ state: 'detached' });
});

test('from the wizard to a new disk, one of the user’s own and a seed in the guest', {
  timeout: 120_000 * SLOWNESS,
}, async () => {
  const own = join(computer.home, 'own.img');
  writeFileSync(own, Buffer.alloc(4 << 20));
  const shared = join(computer.home, 'shared');
  mkdirSync(shared);
  writeFileSync(join(shared, 'to-the-guest'), 'a letter\n');
  await createTinyLinux(page, 'disky', async () => {
    await page.getByRole('button', { name: 'New disk…' }).click();
    await page.getByRole('textbox', { name: 'Size' }).fill('0');
    await page.getByText('more than nothing, at most 64 TiB').waitFor();
    await page.getByRole('textbox', { name: 'Size' }).fill('1.5');
    await look('wizard-new-disk');
    await page.getByRole('textbox', { name: 'Size' }).press('Enter');
    await computer.chooseFile('/etc/passwd-that-is-not-there');
    await page.getByRole('button', { name: 'Add a disk image…' }).click();
    await page.getByText('there is no such file').waitFor();
    await computer.chooseFile(own);
    await page.getByRole('button', { name: 'Add a disk image…' }).click();
    await page.getByText('/dev/vdb · 4 MiB · raw').waitFor();
    await page.getByRole('checkbox', { name: 'Read-only: own.img' }).check();
    await computer.chooseFile(shared);
    await page.getByRole('button', { name: 'Share a folder…' }).click();
    await page.getByRole('textbox', { name: `Tag: ${shared}` }).fill('no blanks');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('a tag is up to 31 letters').waitFor();
    await page.getByRole('textbox', { name: `Tag: ${shared}` }).fill('letters');
    await page.getByText('Form', { exact: true }).click();
    await page.getByRole('textbox', { name: 'User' }).fill('anna');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('give a password or an SSH key').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('correct horse');
    await look('wizard-disks');
  });
  await logIn(page);
  await typeLine(page, 'cat /sys/block/vda/size /sys/block/vdb/size /sys/block/vdb/ro; blkid /dev/vdc | head -c 60');
  await screenShows(page, /3145728\s+8192\s+1\s/);
  await typeLine(
    page,
    'mkdir /s; mount -t iso9660 /dev/vdc /s && grep -c anna /s/user-data; grep -c horse /s/user-data',
  );
  await screenShows(page, /\n1\s+0\s/);
  await typeLine(
    page,
    'mount -t 9p -o trans=virtio,version=9p2000.L letters /mnt && cat /mnt/to-the-guest; echo thanks >/mnt/back',
  );
  await screenShows(page, /\na letter\n/);
  await expect.poll(() => existsSync(join(shared, 'back'))).toBe(true);
  const [machine] = await computer.fleet.list();
  const { disks, cloudInit } = computer.fleet.store.intact(machine!.id);
  expect(describeDisk(disks[0]!.path)).toMatchObject({ format: 'qcow2', sizeBytes: 1536 << 20 });
  expect(JSON.stringify(cloudInit)).toMatch(/anna.*\$6\$/);
});

test('the overview and the settings show the disks; a disk is added while the machine is off', {
  timeout: 60_000 * SLOWNESS,
}, async () => {
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page.getByText('Disk /dev/vdb').waitFor();
  await look('overview-disks');
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: /^Power off now/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Power off now' }).click();
  await page.locator('h1 + [data-state="stopped"]').waitFor();
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Take out (the file stays): own.img' }).click();
  await page.getByRole('button', { name: 'New disk…' }).click();
  await page.getByRole('textbox', { name: 'Size' }).fill('2');
  await page.getByRole('button', { name: 'Add disk', exact: true }).click();
  await page.getByRole('heading', { name: 'Disks' }).scrollIntoViewIfNeeded();
  await look('settings-disks');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('/dev/vdb · 2 GiB · qcow2').waitFor();
  const [machine] = await computer.fleet.list();
  const { disks, cloudInit } = computer.fleet.store.intact(machine!.id);
  expect(disks.map(({ path }) => path.slice(path.lastIndexOf('/')))).toEqual(['/disk0.qcow2', '/disk1.qcow2']);
  expect(cloudInit).toMatchObject({ kind: 'form', user: 'anna', passwordHash: expect.stringMatching(/^\$6\$/) });
});

test('a CD is put into a drive, ejected and changed while the machine runs', {
  timeout: 120_000 * SLOWNESS,
}, async () => {
  const iso = join(computer.home, 'letters.iso');
  writeFileSync(iso, isoImage('letters', [{ name: 'alpha', bytes: Buffer.from('a letter\n') }], new Date(0)));
  const [machine] = await computer.fleet.list();
  const kept = () => computer.fleet.store.intact(machine!.id).cdrom;
  await page.getByRole('checkbox', { name: 'CD drive' }).check();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect.poll(kept).toBe('empty');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('h1 + [data-state="running"]').waitFor();
  await expect.poll(() => page.getByRole('checkbox', { name: 'CD drive' }).isDisabled()).toBe(true);
  await computer.chooseFile(iso);
  await page.getByRole('button', { name: 'Choose… CD image' }).click();
  await page.getByText('Another takes effect at once').scrollIntoViewIfNeeded();
  await look('settings-cd-running');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect.poll(kept).toBe(iso);
  await page.getByRole('button', { name: 'Save changes' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Change… CD image' }).waitFor();
  await page.getByRole('button', { name: 'Eject' }).click();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect.poll(kept).toBe('empty');
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page.getByText('CD drive').waitFor();
});

test('no screen seen so far has a serious or critical accessibility violation', () => {
  expect(barriers.found).toEqual([]);
});
