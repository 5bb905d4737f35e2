import { afterAll, beforeAll, expect, test } from 'vitest';
import { Computer, type Page } from './support/app-under-test.ts';

const computer = new Computer();
let page: Page;

beforeAll(async () => {
  page = await computer.openWindow();
});
afterAll(() => computer.dispose());

test('the page has no Node and no Electron', async () => {
  const kinds = await page.evaluate(() =>
    ['require', 'process', 'module', 'Buffer', 'electron', 'global'].map((name) => typeof Reflect.get(window, name)),
  );
  expect(new Set(kinds)).toEqual(new Set(['undefined']));
});

test('the bridge has three doors and cannot be replaced', async () => {
  expect(await page.evaluate(() => Object.keys(window.bulkhead).sort())).toEqual(['call', 'pathOf', 'stream']);
  const replaced = await page.evaluate(() => {
    const before = window.bulkhead.call;
    try {
      Object.assign(window, { bulkhead: { call: null } });
    } catch {}
    return window.bulkhead.call !== before;
  });
  expect(replaced).toBe(false);
});

test('the window runs sandboxed, isolated and without Node', async () => {
  const preferences = await computer.electron.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
      getLastWebPreferences(): Record<string, unknown>;
    };
    const { sandbox, contextIsolation, nodeIntegration, webviewTag } = contents.getLastWebPreferences();
    return { sandbox, contextIsolation, nodeIntegration, webviewTag };
  });
  expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false });
});

test('no window opens from the page', async () => {
  expect(await page.evaluate(() => window.open('https://example.com') === null)).toBe(true);
  expect(await computer.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('the page cannot be led elsewhere', async () => {
  const before = page.url();
  for (const target of ['https://example.com/', 'file:///etc/passwd', 'data:text/html,hello', 'bulkhead://other/']) {
    await page.evaluate((url) => {
      location.href = url;
    }, target);
    await page.waitForTimeout(150);
    expect(page.url()).toBe(before);
  }
});

test('nothing but the app’s own files can be fetched', async () => {
  const fetched = await page.evaluate(async () => {
    const targets = ['file:///etc/passwd', 'https://example.com/', 'http://127.0.0.1:1/', 'data:text/plain,x'];
    const tried = targets.map((url) =>
      fetch(url).then(
        () => url,
        () => undefined,
      ),
    );
    return (await Promise.all(tried)).filter((url) => url !== undefined);
  });
  expect(fetched).toEqual([]);
});

test('paths out of the window’s folder lead nowhere, however they are spelled', async () => {
  const statuses = await page.evaluate(async () => {
    const paths = [
      '/../main/main.js',
      '/..%2fmain%2fmain.js',
      '/%2e%2e/main/main.js',
      '//etc/passwd',
      '/assets/../../main/main.js',
      '/%00',
    ];
    return Promise.all(
      paths.map((path) =>
        fetch(path).then(
          (answer) => answer.status,
          () => 0,
        ),
      ),
    );
  });
  expect(statuses.every((status) => status === 404 || status === 0)).toBe(true);
});

test('strings are not evaluated and foreign scripts do not run', async () => {
  const ran = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.head.append(script);
    const timer = 'window.timerRan = true';
    setTimeout(timer as unknown as () => void);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [Reflect.get(window, 'inlineRan'), Reflect.get(window, 'timerRan')];
  });
  expect(ran).toEqual([undefined, undefined]);
});

test('no permission is given', async () => {
  const answers = await page.evaluate(async () => [
    await navigator.mediaDevices?.getUserMedia({ audio: true }).then(
      () => 'given',
      () => 'denied',
    ),
    await Notification.requestPermission(),
    await navigator.clipboard.readText().then(
      () => 'given',
      () => 'denied',
    ),
  ]);
  expect(answers).toEqual(['denied', 'denied', 'denied']);
});

test('requests that are not in the contract, or not of its shape, are refused', async () => {
  const outcomes = await page.evaluate(async () => {
    const ask = (name: string, input: unknown) => window.bulkhead.call(name, input);
    return Promise.all([
      ask('__proto__', undefined),
      ask('machine.list', undefined),
      ask('machine.start', { id: '../../etc' }),
      ask('machine.start', { id: '01234567-89ab-4cde-8f01-23456789abcd', extra: 1 }),
      ask('machine.create', { name: '../x' }),
      ask('machine.openFolder', { id: '..' }),
    ]);
  });
  const codes = outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.failure.code));
  expect(codes).toEqual(['unknown-request', 'unknown-request', 'bad-input', 'bad-input', 'bad-input', 'bad-input']);
});
