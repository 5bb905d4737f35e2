import type { Page } from 'playwright-core';
import { SLOWNESS } from '../../support/slowness.ts';

export async function openWizard(page: Page): Promise<void> {
  await page.keyboard.press('Control+n');
  await page.getByRole('heading', { name: 'New machine' }).waitFor();
}

/**
 * From the list or the welcome to a running machine of the built-in Tiny Linux on the translating accelerator.
 * @param storage fills in the step of its disks
 */
export async function createTinyLinux(page: Page, name: string, storage = async () => {}): Promise<void> {
  await openWizard(page);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('radio', { name: /^Tiny Linux/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /^Translating/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await storage();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Create and start' }).click();
}

/** What the terminal shows, without the blanks at the lines' ends. */
export async function screenText(page: Page): Promise<string> {
  const rows = await page.locator('.xterm-rows > div').allTextContents();
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
}

/** Settles once the terminal shows text that matches; fails with what it shows instead. */
export async function screenShows(page: Page, pattern: RegExp, timeoutMs = 60_000 * SLOWNESS): Promise<string> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const text = await screenText(page);
    if (pattern.test(text)) return text;
    if (performance.now() > end) throw new Error(`the console does not show ${pattern}, but:\n${text}`);
    await page.waitForTimeout(50);
  }
}

/** Types a line into the focused terminal. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.keyboard.type(line, { delay: 5 });
  await page.keyboard.press('Enter');
}

export async function logIn(page: Page): Promise<void> {
  await screenShows(page, /login:\s*$/);
  await typeLine(page, 'root');
  await screenShows(page, /[#$]\s*$/);
}
