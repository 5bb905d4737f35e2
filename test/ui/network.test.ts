import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { BarrierLog } from './support/accessibility.ts';
import { Computer, type Page } from './support/app-under-test.ts';
import { createTinyLinux, logIn, screenShows, typeLine } from './support/steps.ts';

describe('the window: a machine’s network', () => {
  const ready = need('passt');
  const computer = new Computer();
  let page: Page;
  let barriers: BarrierLog;
  let [first, second] = [0, 0];

  beforeAll(async () => {
    if (!ready) return;
    page = await computer.openWindow();
    barriers = new BarrierLog(page);
    [first, second] = [await freePort(), await freePort()];
  });
  afterAll(() => computer.dispose());

  const networkPanel = () => page.getByRole('region', { name: 'Network' });

  test('from the wizard to a guest whose port answers on this computer', { timeout: 120_000 * SLOWNESS }, async () => {
    await createTinyLinux(page, 'netty', async () => {
      await networkPanel().getByText('User', { exact: true }).click();
      await page.getByText('None: nobody reaches the guest from outside.').waitFor();
      await page.getByRole('button', { name: 'Add a port' }).click();
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('a port is a number from 1 to 65535').waitFor();
      await page.getByRole('textbox', { name: 'On this computer, 1' }).fill(`${first}`);
      await page.getByRole('textbox', { name: 'In the guest, 1' }).fill('80');
      await barriers.look('wizard-network');
    });
    await logIn(page);
    await typeLine(page, 'mkdir /www; echo hello from the guest > /www/f; httpd -h /www; echo served');
    await screenShows(page, /\nserved/);
    expect(await (await fetch(`http://127.0.0.1:${first}/f`)).text()).toBe('hello from the guest\n');
  });

  test('the overview tells the guest’s address, to be copied', { timeout: 60_000 * SLOWNESS }, async () => {
    await page.getByRole('tab', { name: 'Overview' }).click();
    await networkPanel().getByText('10.0.2.15').waitFor();
    await page.getByRole('button', { name: 'Copy: Guest address' }).click();
    await networkPanel().scrollIntoViewIfNeeded();
    await barriers.look('overview-network');
    expect(await computer.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe('10.0.2.15');
  });

  test('a port is added while the machine runs, and answers at once', { timeout: 60_000 * SLOWNESS }, async () => {
    await page.getByRole('tab', { name: 'Settings' }).click();
    await networkPanel().getByText('Changes take effect at once.').waitFor();
    await page.getByRole('button', { name: 'Add a port' }).click();
    await page.getByRole('textbox', { name: 'On this computer, 2' }).fill(`${second}`);
    await page.getByRole('textbox', { name: 'In the guest, 2' }).fill('80');
    await networkPanel().scrollIntoViewIfNeeded();
    await barriers.look('settings-network');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('button', { name: 'Save changes' }).waitFor({ state: 'detached' });
    expect(await (await fetch(`http://127.0.0.1:${second}/f`)).text()).toBe('hello from the guest\n');
    const [machine] = await computer.fleet.list();
    const [network] = computer.fleet.store.intact(machine!.id).networks;
    expect(network).toMatchObject({
      kind: 'user',
      forwards: [
        { protocol: 'tcp', hostPort: first, guestPort: 80 },
        { protocol: 'tcp', hostPort: second, guestPort: 80 },
      ],
    });
  });

  test('no screen seen so far has a serious or critical accessibility violation', () => {
    expect(barriers.found).toEqual([]);
  });
});
