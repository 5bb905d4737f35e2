import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { Computer, type Page, picture } from './support/app-under-test.ts';
import { logIn, openWizard, screenShows, typeLine } from './support/steps.ts';

const MODEL = 'EPYC-Rome-v1';
/** One that the model has and KVM gives, and one left as it is: the guest has to show the second alone. */
const [TAKEN, KEPT] = ['sse4a', 'sse4_2'];
/** In the lab, Chromium runs on an emulated processor too. */
const LONG_MS = 180_000 * SLOWNESS;

describe('a feature turned off in the window', () => {
  const met = need('kvm', 'hardware', 'display');
  const computer = new Computer();
  let page: Page;

  beforeAll(async () => {
    if (met) page = await computer.openWindow();
  }, LONG_MS);
  afterAll(() => computer.dispose(), LONG_MS);

  test('is not in the flags that the guest reads', { timeout: LONG_MS }, async () => {
    await openWizard(page);
    await page.getByLabel('Name', { exact: true }).fill('flagless');
    await page.getByRole('radio', { name: /^Tiny Linux/ }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('radio', { name: /^KVM/ }).click();
    await page.getByRole('button', { name: 'Choose… CPU model' }).click();
    await page.getByLabel('Search models').fill(MODEL);
    await page.getByRole('radio', { name: new RegExp(`^${MODEL}`) }).check();
    await page.getByLabel('Search features').fill(TAKEN);
    await page.getByRole('checkbox', { name: `Give the guest ${TAKEN}`, exact: true }).click();
    await page.getByRole('button', { name: 'Done' }).last().click();
    await page.getByText(`−${TAKEN}`).waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Create and start' }).click();
    await page.getByRole('tab', { name: 'Console' }).click();
    await page.locator('.xterm-helper-textarea').focus();
    await logIn(page);
    await typeLine(page, `for f in ${TAKEN} ${KEPT}; do echo $f: $(grep -cw $f /proc/cpuinfo); done; echo DO""NE`);
    const shown = await screenShows(page, /^DONE$/m);
    expect(shown).toMatch(new RegExp(`^${TAKEN}: 0\n${KEPT}: 1\nDONE$`, 'm'));
    await picture(page, 'flag-in-guest');
  });
});
