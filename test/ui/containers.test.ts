/** The window's container pages over an engine whose containers are plain processes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineOnShelf } from '../support/engine/engine-on-shelf.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { Computer, type Page, pictures } from './support/app-under-test.ts';
import { screenShows, typeLine } from './support/steps.ts';

const able = need('display');
const computer = new Computer();
let page: Page;
let shelf: Awaited<ReturnType<typeof engineOnShelf>>;

beforeAll(async () => {
  if (!able) return;
  shelf = await engineOnShelf(computer.folders);
  page = await computer.openWindow();
}, 60_000 * SLOWNESS);

afterAll(async () => {
  if (!able) return;
  await computer.closeWindow();
  for (const { id } of await shelf.runtime.list()) await shelf.runtime.delete(id, { force: true });
  shelf.engine.dispose();
  await computer.dispose();
});

const look = (name: string): Promise<void> => pictures(page, name);

test('an empty list says what to do next', async () => {
  await page.getByRole('link', { name: 'Containers' }).click();
  await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
  await look('containers-empty');
});

test('an image is run from its row, its output appears as it comes', async () => {
  await page.getByRole('link', { name: 'Images', exact: true }).click();
  await page.getByText('busybox:latest').waitFor();
  await page.getByRole('button', { name: 'Layers' }).click();
  await look('images');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByLabel('Name', { exact: true }).fill('web');
  await page.getByLabel('Command', { exact: true }).fill(`sh -c 'echo hello from $NAME; exec sleep 1000'`);
  await page.getByLabel('Environment, one a line').fill('NAME=inside');
  await look('container-form');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('hello from inside').waitFor();
  await page.getByText(/^Up /).waitFor();
  await look('container-logs');
});

test('graphs move, a shell opens, inspect shows everything', async () => {
  await page.getByRole('tab', { name: 'Stats' }).click();
  await page.getByText(/MiB of/).waitFor();
  await look('container-stats');
  await page.getByRole('tab', { name: 'Terminal' }).click();
  await page.locator('.xterm').waitFor();
  await screenShows(page, /[#$]\s*$/, 15_000 * SLOWNESS);
  await typeLine(page, 'echo $((6*7))');
  await screenShows(page, /^42$/m, 15_000 * SLOWNESS);
  await look('container-terminal');
  await page.getByRole('tab', { name: 'Inspect' }).click();
  await page.getByText('"Name": "/web"').waitFor();
});

test('its settings make another in its place', async () => {
  await page.getByRole('tab', { name: 'Settings' }).click();
  const env = page.getByLabel('Environment, one a line');
  await env.fill('NAME=again');
  await look('container-settings');
  await page.getByRole('button', { name: 'Recreate with these settings' }).click();
  await page.getByRole('tab', { name: 'Logs' }).click();
  await page.getByText('hello from again').waitFor();
  expect(shelf.images.prepared.size).toBe(1);
});

test('a change from outside appears by itself; stop, and remove all that have ended', async () => {
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText(/^Exited \(143\)/).waitFor();
  await look('container-ended');
  await page.getByRole('button', { name: 'Remove 1 that has ended…' }).click();
  await look('containers-prune');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove all' }).click();
  await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
});

test('volumes are made and removed', async () => {
  await page.getByRole('link', { name: 'Volumes' }).click();
  await page.getByLabel('Name of the new volume').fill('data');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('No container uses it').waitFor();
  await look('volumes');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('heading', { name: 'No volumes yet' }).waitFor();
});

test('a pull that fails says why', async () => {
  await page.getByRole('link', { name: 'Images', exact: true }).click();
  await page.getByLabel('Image to pull').fill('nosuch');
  await page.getByRole('button', { name: 'Pull' }).click();
  await page.getByText('this shelf has only what it has').waitFor();
});
