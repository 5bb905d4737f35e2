import { expect, test } from 'vitest';
import { isOurPage, rendererFile } from '../../../src-main/app/renderer-files.ts';

const folder = '/app/out/renderer';

test('the page and its files are found', () => {
  expect(rendererFile(folder, 'bulkhead://app/')?.path).toBe(`${folder}/index.html`);
  expect(rendererFile(folder, 'bulkhead://app/assets/index.js?x#y')).toEqual({
    path: `${folder}/assets/index.js`,
    contentType: 'text/javascript; charset=utf-8',
  });
});

test.each([
  'bulkhead://app/../main/main.js',
  'bulkhead://app/..%2fmain%2fmain.js',
  'bulkhead://app/%2e%2e/%2e%2e/main/main.js',
  'bulkhead://app/assets/..%2f..%2f..%2fmain%2fmain.js',
  'bulkhead://app/..%2frenderer-evil/x.js',
  'bulkhead://app/%00.js',
  'bulkhead://app/%zz.js',
  'bulkhead://other/index.html',
  'file:///etc/passwd.html',
  'https://app/index.html',
  'not an address',
])('%s leads nowhere outside', (url) => {
  const file = rendererFile(folder, url);
  expect(file === undefined || file.path.startsWith(`${folder}/`)).toBe(true);
  if (!url.startsWith('bulkhead://app/')) expect(file).toBeUndefined();
});

test('a file of an unknown kind is not served', () => {
  expect(rendererFile(folder, 'bulkhead://app/index.js.map')).toBeUndefined();
});

test('only our own address is our page', () => {
  expect(isOurPage('bulkhead://app/#/machines')).toBe(true);
  for (const url of ['bulkhead://app.evil/', 'bulkhead://evil/app', 'https://app/', '', 'about:blank']) {
    expect(isOurPage(url)).toBe(false);
  }
});
