import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SLOWNESS } from '../support/slowness.ts';
import { BarrierLog } from './support/accessibility.ts';
import { Computer, type Page } from './support/app-under-test.ts';
import { createTinyLinux, logIn, screenShows, typeLine } from './support/steps.ts';

describe('the window: a machine’s consoles and sockets', () => {
  const computer = new Computer();
  let page: Page;
  let barriers: BarrierLog;

  beforeAll(async () => {
    page = await computer.openWindow();
    barriers = new BarrierLog(page);
  });
  afterAll(() => computer.dispose());

  const panel = () => page.getByRole('region', { name: 'Consoles and sockets' });
  const config = async () => computer.fleet.store.intact((await computer.fleet.list())[0]!.id);

  test('a port named in the wizard is the guest’s, under that name', { timeout: 120_000 * SLOWNESS }, async () => {
    await createTinyLinux(page, 'ports', async () => {
      await panel().getByLabel('Virtio console').check();
      await panel().getByText('None: the console alone.').waitFor();
      await panel().getByRole('button', { name: 'Add a named port' }).click();
      await panel().getByRole('textbox', { name: 'Name of port 1' }).fill('no good');
      await panel().getByLabel('Sockets between guest and computer').check();
      await page.getByRole('button', { name: 'Continue' }).click();
      await panel().getByRole('alert').getByText('a port’s name is').waitFor();
      await panel().getByRole('textbox', { name: 'Name of port 1' }).fill('agent');
      await panel().getByRole('textbox', { name: 'Guest’s address (CID)' }).fill('2');
      await page.getByRole('button', { name: 'Continue' }).click();
      await panel().getByRole('alert').getByText('a CID is a number').waitFor();
      await panel().getByRole('textbox', { name: 'Guest’s address (CID)' }).fill('77');
      await panel().scrollIntoViewIfNeeded();
      await barriers.look('wizard-channels');
    });
    await logIn(page);
    expect(await config()).toMatchObject({ consolePorts: ['agent'], vsock: 77 });
    await typeLine(page, 'cat /sys/class/virtio-ports/*/name; echo told');
    await screenShows(page, /^agent\ntold$/m);
  });

  test('the overview tells where its socket is, which leads to the guest', { timeout: 60_000 * SLOWNESS }, async () => {
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByText('Vsock socket').waitFor();
    await page.getByRole('button', { name: 'Copy: Socket of agent' }).click();
    await barriers.look('overview-channels');
    const path = await computer.electron.evaluate(({ clipboard }) => clipboard.readText());
    expect(path).toMatch(/\/port-agent\.sock$/);
    const socket = connect(path);
    await once(socket, 'connect');
    await page.getByRole('tab', { name: 'Console' }).click();
    await screenShows(page, /^told$/m);
    await page.locator('.xterm-helper-textarea').focus();
    await typeLine(page, 'd=$(grep -l agent /sys/class/virtio-ports/*/name)');
    await typeLine(page, 'echo from the guest > /dev/$(basename $(dirname $d))');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('from the guest\n');
    socket.destroy();
  });

  test('the settings take them away', { timeout: 60_000 * SLOWNESS }, async () => {
    await computer.fleet.kill((await config()).id);
    await page.locator('h1 + [data-state="stopped"]').waitFor();
    await page.getByRole('tab', { name: 'Settings' }).click();
    await panel().getByLabel('Virtio console').uncheck();
    await panel().getByLabel('Sockets between guest and computer').uncheck();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('button', { name: 'Save changes' }).waitFor({ state: 'detached' });
    const { consolePorts, vsock } = await config();
    expect({ consolePorts, vsock }).toEqual({ consolePorts: undefined, vsock: undefined });
  });

  test('no screen seen so far has a serious or critical accessibility violation', () => {
    expect(barriers.found).toEqual([]);
  });
});
