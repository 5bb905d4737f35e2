import { afterAll, beforeAll, expect, test } from 'vitest';
import { SLOWNESS } from '../support/slowness.ts';
import { BarrierLog } from './support/accessibility.ts';
import { Computer, type Page, picture } from './support/app-under-test.ts';
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

test('the empty first screen says what to do next', async () => {
  await page.getByText('This computer is ready').waitFor();
  await page.getByRole('link', { name: /Try Tiny Linux/ }).waitFor();
  await look('welcome');
});

test('the wizard checks a name while it is typed, and does not go on with a bad one', async () => {
  await openWizard(page);
  const name = page.getByLabel('Name', { exact: true });
  for (const [bad, why] of [
    ['../x', 'a name starts with a letter or a digit'],
    ['a/b', 'a name has letters, digits, spaces and . _ - only'],
    ['🚀', 'a name starts with a letter or a digit'],
    ['x'.repeat(65), 'a name has at most 64 characters'],
    ['', 'a machine needs a name'],
  ] as const) {
    await name.fill(bad);
    await page.getByText(why).waitFor();
  }
  await page.getByRole('button', { name: 'Continue' }).click();
  expect(await name.isVisible()).toBe(true);
  await look('wizard-bad-name');
});

test('a kernel of one’s own needs a file', async () => {
  await page.getByLabel('Name', { exact: true }).fill('Own');
  await page.getByRole('radio', { name: /^Own kernel/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('choose a kernel').waitFor();
  await look('wizard-kernel');
});

test('more memory than the computer has is refused at its field', async () => {
  await page.getByRole('radio', { name: /^Tiny Linux/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('textbox', { name: 'Memory' }).fill('1000000');
  await page.getByText(/this computer has only/).waitFor();
  await page.getByRole('textbox', { name: 'Memory' }).fill('0');
  await page.getByText(/at least/).waitFor();
  await look('wizard-hardware');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'New machine' }).waitFor({ state: 'detached' });
});

test('from the wizard to an answered uname -a', { timeout: 120_000 * SLOWNESS }, async () => {
  await createTinyLinux(page, 'tiny');
  await logIn(page);
  await typeLine(page, 'uname -a');
  await screenShows(page, /Linux tiny .*GNU\/Linux/s);
  await look('console');
});

test('every screen of a running machine', async () => {
  await page.getByRole('tab', { name: 'Overview' }).click();
  await page.getByText('Host CPU', { exact: true }).waitFor();
  await page.waitForTimeout(3000);
  await look('overview');
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.getByLabel('Search the log').fill('login');
  await page.getByText(/\d+ match/).waitFor();
  await look('log');
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByText('Settings can be changed while the machine is off.').waitFor();
  expect(await page.getByLabel('Name', { exact: true }).isDisabled()).toBe(true);
  await look('settings-locked');
});

test('the terminal gives the focus back with the key it shows', async () => {
  await page.getByRole('tab', { name: 'Console' }).click();
  await screenShows(page, /uname -a/);
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+Escape');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('leaves the terminal');
});

test('the console is searched with Ctrl+Shift+F', async () => {
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+F');
  await page.getByLabel('Search the console').fill('uname');
  await page.getByText(/1 of|found/).waitFor();
  await picture(page, 'console-search');
  await page.keyboard.press('Escape');
});

test('the clipboard goes into the guest with Ctrl+Shift+V', async () => {
  await computer.electron.evaluate(({ clipboard }) => clipboard.writeText('echo pasted-$((40+2))'));
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+V');
  await screenShows(page, /echo pasted/);
  await page.keyboard.press('Enter');
  await screenShows(page, /pasted-42/);
});

test('pause, resume and the palette', async () => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('h1 + [data-state="paused"]').waitFor();
  await page.keyboard.press('Control+Shift+K');
  await page.getByPlaceholder('Search actions and machines…').fill('resume');
  await look('palette');
  await page.keyboard.press('Enter');
  await page.locator('h1 + [data-state="running"]').waitFor();
});

test('switching off asks first, and the console says that it is off', async () => {
  await page.getByRole('button', { name: 'More actions' }).click();
  await look('menu');
  await page.getByRole('menuitem', { name: /^Power off now/ }).click();
  await page.getByText('what it has not saved is lost').waitFor();
  await look('confirm');
  await page.getByRole('dialog').getByRole('button', { name: 'Power off now' }).click();
  await page.locator('h1 + [data-state="stopped"]').waitFor();
  await page.getByText('What was printed stays readable').waitFor();
  await look('console-off');
});

test('started again, the console shows the new boot', { timeout: 90_000 * SLOWNESS }, async () => {
  await page.getByRole('button', { name: 'Start' }).first().click();
  await logIn(page);
  await page.getByRole('button', { name: 'Power button' }).click();
  await page.locator('h1 + [data-state="stopped"]').waitFor({ timeout: 40_000 * SLOWNESS });
});

test('settings are changed while it is off', async () => {
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByLabel('Name', { exact: true }).fill('renamed');
  await page.getByLabel('Notes').fill('made by a test');
  await look('settings');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByRole('heading', { name: 'renamed', level: 1 }).waitFor();
});

test('a start that fails says why on the machine’s page', async () => {
  await openWizard(page);
  await page.getByLabel('Name', { exact: true }).fill('No kernel');
  await page.getByRole('radio', { name: /^Own kernel/ }).click();
  await page.getByRole('textbox', { name: 'Kernel', exact: true }).fill('/etc/hostname');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /^Translating/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Create and start' }).click();
  await page.getByText('“Start” did not work').waitFor();
  await page.getByRole('alert').getByText('/etc/hostname').waitFor();
  await look('start-failed');
});

test('deleting says what goes with it', async () => {
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await page.getByText('its configuration').waitFor();
  await look('delete');
  await page.getByRole('button', { name: 'Delete machine' }).click();
  await page.getByRole('button', { name: /No kernel/ }).waitFor({ state: 'detached' });
});

test('the other places', async () => {
  await page.getByRole('link', { name: 'Host' }).click();
  await page.getByText('Subordinate', { exact: false }).or(page.getByText('memory')).first().waitFor();
  await page.waitForTimeout(500);
  await look('host');
  await page.getByRole('link', { name: 'Networks' }).click();
  await page.getByRole('heading', { name: 'Networks', exact: true }).waitFor();
  await look('networks');
});

test('no screen seen so far has a serious or critical accessibility violation', () => {
  expect(barriers.found).toEqual([]);
});
