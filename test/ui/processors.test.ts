import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SLOWNESS } from '../support/slowness.ts';
import { BarrierLog } from './support/accessibility.ts';
import { Computer, type Page } from './support/app-under-test.ts';
import { createTinyLinux, openWizard } from './support/steps.ts';

/** Screens are looked at twice by the accessibility checks, which takes long on a busy computer. */
const LONG = { timeout: 240_000 * SLOWNESS };

const computer = new Computer();
let page: Page;
let barriers: BarrierLog;

beforeAll(async () => {
  page = await computer.openWindow();
  page.setDefaultTimeout(60_000 * SLOWNESS);
  barriers = new BarrierLog(page);
});
afterAll(() => computer.dispose());

const stored = (name: string) => {
  const entry = computer.fleet.store.find(name);
  if (entry.kind !== 'ok') throw new Error(entry.reason);
  return entry.config;
};
const toggle = (feature: string) => page.getByRole('checkbox', { name: `Give the guest ${feature}`, exact: true });

test(
  'the rail leads to the processors: models are found by words and looked into without a machine',
  LONG,
  async () => {
    await page.getByRole('link', { name: 'Processors' }).click();
    await page.getByRole('heading', { name: 'Processors', level: 1 }).waitFor();
    await page.getByLabel('Search models').fill('skylake server');
    await page.getByRole('radio', { name: /^Skylake-Server-v2/ }).check();
    await page.getByRole('heading', { name: 'Skylake-Server-v2' }).waitFor();
    await page.getByText('It is not a security boundary').waitFor();
    await page.getByLabel('Search features').fill('avx512f');
    expect(await toggle('avx512f').isChecked()).toBe(true);
    await page.getByLabel('Search features').fill('');
  },
);

test('a feature taken away shows at once what it costs', LONG, async () => {
  await page.getByLabel('Search features').fill('avx2');
  await toggle('avx2').click();
  await page.getByText('The CPU goes from x86-64-v4 to x86-64-v2.').first().waitFor();
  await page.getByLabel('Search features').fill('arch-cap');
  await toggle('arch-capabilities').click();
  await page.getByRole('heading', { name: 'Your 2 changes' }).waitFor();
  await page.getByLabel('Search features').fill('');
  await barriers.look('processors-changed');
  await page.getByRole('button', { name: 'Undo the change of arch-capabilities' }).click();
  await page.getByRole('heading', { name: 'Your change', exact: true }).waitFor();
});

test('a changed CPU is kept as a template, exported, deleted and imported again', LONG, async () => {
  const menu = (item: string | RegExp) => async () => {
    await page.getByRole('button', { name: 'Templates' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await menu('Save as template…')();
  await page.getByRole('textbox', { name: 'Name' }).fill('EPYC');
  await page.getByRole('button', { name: 'Save template' }).click();
  await page.getByText('a CPU model is called that').waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill('no-avx2');
  await page.getByRole('button', { name: 'Save template' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByLabel('Search models').fill('');
  expect(await page.getByRole('radio', { name: /^no-avx2/ }).isChecked()).toBe(true);

  const file = join(computer.home, 'exported.json');
  await computer.chooseFile(file);
  await menu(/^Export/)();
  await page.getByText(`Exported to ${file}`).waitFor();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ name: 'no-avx2', cpu: 'Skylake-Server-v2,-avx2' });
  await menu(/^Delete/)();
  await page.getByText('Machines made with it keep their CPU.').waitFor();
  await page.getByRole('button', { name: 'Delete template' }).click();
  await page.getByRole('radio', { name: /^no-avx2/ }).waitFor({ state: 'detached' });
  await menu('Import…')();
  await page.getByRole('radio', { name: /^no-avx2/ }).waitFor();
  writeFileSync(file, '{"kind":"cpu-template"}');
  await menu('Import…')();
  await page.getByText('is no CPU template').waitFor();
});

test('two models are compared', LONG, async () => {
  await page.getByRole('radio', { name: /^Haswell-v1/ }).check();
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByRole('combobox', { name: 'Compare with' }).fill('Haswell-v2');
  await page.getByRole('option', { name: 'Haswell-v2' }).click();
  await page.getByRole('rowheader', { name: 'rtm' }).waitFor();
  await barriers.look('processors-compare');
});

test('the wizard gives a machine a model with a flag turned off, a layout and a pinning', LONG, async () => {
  await openWizard(page);
  await page.getByLabel('Name', { exact: true }).fill('rome');
  await page.getByRole('radio', { name: /^Tiny Linux/ }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('textbox', { name: 'Sockets' }).fill('2');
  await page.getByRole('textbox', { name: 'Cores' }).fill('3');
  await page.getByRole('textbox', { name: 'Threads' }).fill('20');
  await page.getByText('120 processors are more than 64').waitFor();
  await page.getByRole('textbox', { name: 'Threads' }).fill('2');
  await page.getByRole('img', { name: '2 sockets, each with 3 cores of 2 threads' }).waitFor();
  await page.getByRole('button', { name: 'Choose… CPU model' }).click();
  await page.getByLabel('Search models').fill('EPYC-Rome-v1');
  await page.getByRole('radio', { name: /^EPYC-Rome-v1/ }).check();
  await page.getByLabel('Search features').fill('avx2');
  await toggle('avx2').click();
  await page.getByText('The CPU goes from x86-64-v3 to x86-64-v2.').first().waitFor();
  await barriers.look('wizard-cpu');
  await page.getByRole('button', { name: 'Done' }).last().click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('−avx2').waitFor();
  await page.getByRole('textbox', { name: 'Pin to host CPUs' }).fill('0:4000');
  await page.getByText('Do not start').click();
  await barriers.look('wizard-processors');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('12: 2 sockets, each with 3 cores of 2 threads').waitFor();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('vCPU 0 is pinned to host CPU 4000: there is none').waitFor();
  await page.getByRole('textbox', { name: 'Pin to host CPUs' }).fill('0:0');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('heading', { name: 'rome', level: 1 }).waitFor();
  expect(stored('rome')).toMatchObject({
    cpus: 12,
    topology: { sockets: 2, cores: 3, threads: 2 },
    cpu: 'EPYC-Rome-v1,-avx2',
    cpuPolicy: 'enforce',
    pinning: '0:0',
  });
});

test('the settings change it the same way, back to what is chosen by itself as well', LONG, async () => {
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Choose… CPU model' }).click();
  await page.getByLabel('Search features').fill('pcid');
  await toggle('pcid').first().click();
  await page.getByRole('heading', { name: 'Your 2 changes' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('Saved').first().waitFor();
  expect(stored('rome').cpu).toBe('EPYC-Rome-v1,+pcid,-avx2');
  await page.getByRole('button', { name: 'Choose… CPU model' }).click();
  await page
    .getByRole('radio', { name: /^host / })
    .or(page.getByRole('radio', { name: /^host$/ }))
    .first()
    .check();
  await page.keyboard.press('Escape');
  for (const part of ['Sockets', 'Cores', 'Threads']) await page.getByRole('textbox', { name: part }).fill('1');
  await page.getByRole('textbox', { name: 'Pin to host CPUs' }).fill('');
  await page.getByText('Start without it').click();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByRole('button', { name: 'Save changes' }).waitFor({ state: 'detached' });
  expect(stored('rome').cpus).toBe(1);
  for (const gone of ['cpu', 'topology', 'cpuPolicy', 'pinning']) expect(stored('rome')).not.toHaveProperty(gone);
});

test('a running machine shows how busy each processor is', LONG, async () => {
  await createTinyLinux(page, 'busy');
  await page.locator('h1 + [data-state="running"]').waitFor({ timeout: 60_000 * SLOWNESS });
  await page.getByRole('tab', { name: 'Overview' }).click();
  const processor = page.getByRole('listitem').filter({ hasText: 'vCPU 0' });
  await processor.getByText(/\d %/).waitFor();
  expect(await processor.textContent()).toContain('running');
  await barriers.look('overview-processors');
});

test('no screen seen so far has a serious or critical accessibility violation', () => {
  expect(barriers.found).toEqual([]);
});
