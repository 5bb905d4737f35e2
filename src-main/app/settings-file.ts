import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Disposable } from '../base/disposable.ts';
import { Emitter } from '../base/emitter.ts';
import { type AppSettings, theme } from '../contract/app.ts';

const bounds = z.object({
  x: z.int().optional(),
  y: z.int().optional(),
  width: z.int().min(400).max(20_000),
  height: z.int().min(300).max(20_000),
  maximized: z.boolean().default(false),
});
export type WindowBounds = z.infer<typeof bounds>;

/** Each field heals on its own: a file from another version loses what it cannot say, never everything. */
const stored = z.object({
  theme: theme.catch('system'),
  keepsRunningSaid: z.boolean().catch(false),
  window: bounds.optional().catch(undefined),
});
type Stored = z.infer<typeof stored>;

/** What the app remembers, in one small file; losing it loses comfort only. */
export class SettingsFile {
  private readonly changes = new Emitter<AppSettings>();
  private current: Stored;

  constructor(private readonly path: string) {
    this.current = stored.parse(readJson(path));
  }

  get(): AppSettings {
    return { theme: this.current.theme, keepsRunningSaid: this.current.keepsRunningSaid };
  }

  get windowBounds(): WindowBounds | undefined {
    return this.current.window;
  }

  change(patch: Partial<AppSettings>): void {
    this.current = { ...this.current, ...patch };
    this.write();
    this.changes.fire(this.get());
  }

  rememberWindow(window: WindowBounds): void {
    this.current = { ...this.current, window };
    this.write();
  }

  onChange(listener: (settings: AppSettings) => void): Disposable {
    return this.changes.on(listener);
  }

  private write(): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const temporary = `${this.path}.new`;
    const file = openSync(temporary, 'w', 0o600);
    try {
      writeSync(file, `${JSON.stringify(this.current, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.path);
  }
}

function readJson(path: string): unknown {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
