import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SettingsFile } from '../../../src-main/app/settings-file.ts';

const folders: string[] = [];
const fresh = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-settings-'));
  folders.push(folder);
  return join(folder, 'deep/settings.json');
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

test('without a file everything is as the system has it', () => {
  expect(new SettingsFile(fresh()).get()).toEqual({ theme: 'system', keepsRunningSaid: false });
});

test('what was changed is there next time, and nothing else is left behind', () => {
  const path = fresh();
  const settings = new SettingsFile(path);
  settings.change({ theme: 'dark' });
  settings.rememberWindow({ x: 1, y: 2, width: 1000, height: 700, maximized: true });
  const again = new SettingsFile(path);
  expect(again.get().theme).toBe('dark');
  expect(again.windowBounds).toEqual({ x: 1, y: 2, width: 1000, height: 700, maximized: true });
  expect(readdirSync(join(path, '..'))).toEqual(['settings.json']);
});

test('a damaged file or field is as if it were not there', () => {
  const path = fresh();
  new SettingsFile(path).change({ keepsRunningSaid: true });
  writeFileSync(path, '{"theme":"pink","keepsRunningSaid":true,"window":{"width":1}}');
  expect(new SettingsFile(path).get()).toEqual({ theme: 'system', keepsRunningSaid: true });
  expect(new SettingsFile(path).windowBounds).toBeUndefined();
  writeFileSync(path, '[nonsense');
  expect(new SettingsFile(path).get().keepsRunningSaid).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('[nonsense');
});
