import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SLOWNESS } from '../support/slowness.ts';
import { Computer, type Page, picture } from './support/app-under-test.ts';
import { createTinyLinux, logIn, screenShows, typeLine } from './support/steps.ts';

const computer = new Computer();
let page: Page;

beforeAll(async () => {
  page = await computer.openWindow();
  await createTinyLinux(page, 'survivor');
  await logIn(page);
}, 120_000 * SLOWNESS);
afterAll(() => computer.dispose());

test('the window killed, the machine runs on, and its console shows what was printed before', async () => {
  await typeLine(page, 'echo before-$((1000+1))');
  await screenShows(page, /before-1001/);
  await computer.killWindow();
  const [machine] = await computer.fleet.list();
  expect(machine?.state).toBe('running');
  page = await computer.openWindow();
  await page.getByRole('button', { name: /survivor/ }).click();
  await page.getByRole('tab', { name: 'Console' }).click();
  await screenShows(page, /before-1001/);
  await typeLine(page, 'echo after-$((1000+2))');
  await screenShows(page, /after-1002/);
});

const lines = 160_000;

test('a guest printing 10 MB loses no byte, and the window answers meanwhile', {
  timeout: 180_000 * SLOWNESS,
}, async () => {
  const [machine] = await computer.fleet.list();
  const received = collected(await computer.fleet.console(machine?.id ?? ''), /flood-done/);
  // 160,000 lines of 64 bytes with their carriage return: 10.4 MB.
  await typeLine(
    page,
    `clear; echo; awk 'BEGIN{for(i=1;i<=${lines};i++)printf "%063d\\n",i}'; echo flood-$(echo done)`,
  );
  await screenShows(page, /\d{6}/);
  const answers: number[] = [];
  for (const tab of ['Overview', 'Console', 'Overview', 'Console']) {
    const asked = performance.now();
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tab', { name: tab, selected: true }).waitFor();
    answers.push(performance.now() - asked);
  }
  console.log(`answers to clicks: ${answers.map((ms) => `${Math.round(ms)} ms`).join(', ')}`);
  expect(Math.max(...answers)).toBeLessThan(1500);
  await screenShows(page, /flood-done/, 150_000 * SLOWNESS);
  const whole = (await received).split(/\r*\n/);
  const first = whole.findIndex((line) => /^0{62}1$/.test(line));
  const wrong = whole
    .slice(first, first + lines)
    .flatMap((line, index) => (line === String(index + 1).padStart(63, '0') ? [] : [`line ${index + 1}: ${line}`]));
  expect(wrong.slice(0, 10)).toEqual([]);
  await picture(page, 'console-flood');
});

async function collected(socket: NodeJS.ReadableStream, until: RegExp): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    if (until.test(Buffer.concat(chunks.slice(-2)).toString('latin1'))) break;
  }
  return Buffer.concat(chunks).toString('latin1');
}

test('the VM host killed, the list says crashed with the reason, and Start works again', {
  timeout: 120_000 * SLOWNESS,
}, async () => {
  const [machine] = await computer.fleet.list();
  process.kill(machine?.pid ?? 0, 'SIGKILL');
  await page.locator('[data-row] [data-state="crashed"]').waitFor();
  await page.getByRole('alert').getByText('it was killed or ran out of memory').waitFor();
  await picture(page, 'crashed');
  await page.getByRole('button', { name: 'Start' }).first().click();
  await page.getByRole('tab', { name: 'Console' }).click();
  await screenShows(page, /login:\s*$/);
});

test('a machine file that cannot be read is shown as broken, with the reason, and left as it is', async () => {
  const { mkdirSync, writeFileSync } = await import('node:fs');
  const folder = join(computer.home, 'data/bulkhead/machines/01234567-89ab-4cde-8f01-23456789abcd');
  mkdirSync(folder);
  writeFileSync(join(folder, 'machine.json'), '{ not json');
  await page.locator('[data-row]:has([data-state="broken"])').click();
  await page.getByText('This machine cannot be read').waitFor();
  await picture(page, 'broken');
  expect(readFileSync(join(folder, 'machine.json'), 'utf8')).toBe('{ not json');
});
