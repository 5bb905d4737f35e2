/** The window's networks over the real engine: made, joined, left and removed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealEngine } from '../support/engine/real-engine.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { Computer, type Page, pictures } from './support/app-under-test.ts';

const able = need('display', 'root', 'docker', 'networks');
const computer = new Computer();
let page: Page;
let engine: RealEngine;

beforeAll(async () => {
  if (!able) return;
  engine = new RealEngine(computer.home, { ...process.env, ...computer.folders });
  await engine.start();
  await engine.importBusybox();
  page = await computer.openWindow();
}, 120_000 * SLOWNESS);

afterAll(async () => {
  if (!able) return;
  await computer.closeWindow();
  await engine.dispose();
  await computer.dispose();
});

const look = (name: string): Promise<void> => pictures(page, name);

test('without networks of their own, the page says what they are for', async () => {
  await page.getByRole('link', { name: 'Networks' }).click();
  await page.getByRole('heading', { name: 'No networks of your own yet' }).waitFor();
  await look('networks-empty');
});

test('a network is made; a container joins it, leaves it, and it goes', { timeout: 240_000 * SLOWNESS }, async () => {
  await page.getByLabel('Name of the new network').fill('front');
  await page.getByLabel('Its addresses').fill('10.214.9.0/24');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('10.214.9.0/24, gateway 10.214.9.1').waitFor();
  await engine.client.say('run', '-d', '--name', 'web', '-p', '80', 'busybox', 'sleep', '1000');
  await page.getByRole('link', { name: 'web' }).waitFor();
  await page.getByRole('button', { name: 'Connect a container to front' }).click();
  await page.getByRole('menuitem', { name: 'web' }).click();
  await page.getByText('10.214.9.2').waitFor();
  await look('networks');
  expect(await engine.client.say('exec', 'web', 'ip', '-o', '-4', 'a')).toContain('10.214.9.2/24');
  const row = page.getByRole('listitem').filter({ hasText: '10.214.9.0/24' }).first();
  await row.getByRole('button', { name: 'Disconnect web' }).click();
  await page.getByText('10.214.9.2').waitFor({ state: 'detached' });
  await row.getByRole('button', { name: 'Remove front' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'No networks of your own yet' }).waitFor();
});
