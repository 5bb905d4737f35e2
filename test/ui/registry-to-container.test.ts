/** From a registry to a served page and away again, by the window alone, over the real engine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LoopbackRegistry } from '../support/engine/loopback-registry.ts';
import { RealEngine } from '../support/engine/real-engine.ts';
import { freePort } from '../support/free-port.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { Computer, type Page, pictures } from './support/app-under-test.ts';
import { screenShows, typeLine } from './support/steps.ts';

const able = need('display', 'root', 'docker', 'networks', 'registry');
const computer = new Computer();
let page: Page;
let engine: RealEngine;
let registry: LoopbackRegistry;
let image = '';
let port = 0;

beforeAll(async () => {
  if (!able) return;
  engine = new RealEngine(computer.home, { ...process.env, ...computer.folders });
  await engine.start();
  await engine.importBusybox();
  registry = await LoopbackRegistry.start(join(computer.home, 'registry'));
  image = `${registry.host}/site:1`;
  await engine.client.say('tag', 'busybox', image);
  await engine.client.say('push', image);
  await engine.client.say('rmi', image, 'busybox');
  port = await freePort();
  page = await computer.openWindow();
}, 120_000 * SLOWNESS);

afterAll(async () => {
  if (!able) return;
  await computer.closeWindow();
  await engine.dispose();
  await registry.stop();
  await computer.dispose();
});

test('an image is pulled from the registry', async () => {
  await page.getByRole('link', { name: 'Images', exact: true }).click();
  await page.getByRole('heading', { name: 'No images yet' }).waitFor();
  await page.getByLabel('Image to pull').fill(image);
  await page.getByRole('button', { name: 'Pull' }).click();
  await page.getByRole('listitem').getByText(image).waitFor();
});

test('run with a published port, it serves a page, which a click opens in the browser', async () => {
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByLabel('Name', { exact: true }).fill('site');
  await page.getByLabel('Command', { exact: true }).fill("sh -c 'echo served >index.html; exec httpd -f'");
  await page.getByLabel('Published ports, one a line').fill(`${port}:80`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText(/^Up /).waitFor();
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/`)).text().catch(String)).toBe('served\n');
  await computer.electron.evaluate(({ shell }) => {
    shell.openExternal = async (url) => {
      Object.assign(globalThis, { opened: url });
    };
  });
  await page.getByRole('button', { name: `Open http://localhost:${port} in the browser` }).click();
  const opened = () => computer.electron.evaluate(() => (globalThis as { opened?: string }).opened);
  await expect.poll(opened).toBe(`http://localhost:${port}/`);
});

test('a terminal opens in it, and its graphs move', async () => {
  await page.getByRole('tab', { name: 'Terminal' }).click();
  await screenShows(page, /[#$]\s*$/);
  await typeLine(page, 'cat /index.html; hostname');
  await screenShows(page, /\nserved\n[0-9a-f]{12}\n/);
  await page.getByRole('tab', { name: 'Stats' }).click();
  await page.getByText(/iB of/).waitFor();
  await pictures(page, 'container-published');
});

test('its files: a folder is entered, a file saved on this computer, and one of this computer added', async () => {
  await page.getByRole('tab', { name: 'Files' }).click();
  await page.getByRole('button', { name: 'etc', exact: true }).click();
  const saved = join(computer.home, 'saved');
  await computer.chooseFile(saved);
  await page.getByRole('button', { name: 'Save passwd' }).click();
  await expect.poll(() => existsSync(saved) && readFileSync(saved, 'utf8')).toMatch(/^root:/);
  await pictures(page, 'container-files');
  await page.getByRole('navigation', { name: 'Folder' }).getByRole('button', { name: '/' }).click();
  await page.getByRole('button', { name: 'tmp', exact: true }).click();
  await page.getByText('This folder is empty.').waitFor();
  await page.getByRole('button', { name: 'Add a file…' }).click();
  await page.getByRole('list', { name: '/tmp' }).getByText('saved').waitFor();
  expect(await engine.client.say('exec', 'site', 'cat', '/tmp/saved')).toMatch(/^root:/);
});

test('its files become an image, which goes to the registry and into an archive, and comes back', async () => {
  const name = `${registry.host}/site:2`;
  await page.getByRole('button', { name: 'Save as an image…' }).click();
  await page.getByLabel('Name of the image').fill(name);
  await pictures(page, 'container-commit');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText(`${name} is among the images`).waitFor();
  await page.getByRole('link', { name: 'Images', exact: true }).click();
  const row = page.getByRole('listitem').filter({ hasText: name });
  await row.waitFor();
  await page.getByRole('button', { name: `More for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Push to its registry' }).click();
  await page.getByText(`${name} is in its registry`).waitFor();
  const archive = join(computer.home, 'site.tar');
  await computer.chooseFile(archive);
  await page.getByRole('button', { name: `More for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Save to a file…' }).click();
  await expect.poll(() => existsSync(archive)).toBe(true);
  await pictures(page, 'images');
  const removeUnused = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Remove 1 unused image…' }).click();
    await page.getByRole('dialog').getByText(name).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove all' }).click();
    await row.waitFor({ state: 'detached' });
  };
  await removeUnused();
  await page.getByRole('button', { name: 'Load from a file…' }).click();
  await row.waitFor();
  await removeUnused();
  await page.getByRole('link', { name: 'Containers', exact: true }).click();
  await page.getByRole('button', { name: /^site / }).click();
});

test('stopped and removed, it leaves its port to others', async () => {
  await page.getByRole('button', { name: 'Remove…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  await page.getByRole('link', { name: 'Images', exact: true }).click();
  await page.getByRole('button', { name: `Remove ${image}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'No images yet' }).waitFor();
});
