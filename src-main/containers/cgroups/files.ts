import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { asFailure, Failure } from '../../base/failure.ts';

/** Reading and writing cgroupfs: cgroups(7). */

export function readText(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A file of one number; null for `max`, for a number too large to be a limit, and where there is none. */
export function readNumber(folder: string, name: string): number | null {
  const text = readText(folder, name);
  if (text === undefined || text === 'max' || text === '') return null;
  const value = Number(text);
  return value >= 2 ** 62 ? null : value;
}

/** A file of `name value` lines. */
export function readTable(folder: string, name: string): Record<string, number> {
  const lines = (readText(folder, name) ?? '').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.split(/\s+/)[0]!, Number(line.split(/\s+/)[1])]));
}

export function write(folder: string, name: string, value: string | number): void {
  const path = join(folder, name);
  try {
    writeFileSync(path, String(value));
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'this kernel or cgroup has no such control' : asFailure(cause).message;
    throw new Failure('failed', 'cgroup-refused', `cgroup ${path}: ${value}: ${why}`, { cause });
  }
}

export function processesUnder(folder: string): number[] {
  if (!existsSync(folder)) return [];
  const own = (readText(folder, 'cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number);
  return [...own, ...foldersIn(folder).flatMap(processesUnder)];
}

/** The cgroups below one, and it; the deepest first. */
export function treeOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return [...foldersIn(folder).flatMap(treeOf), folder];
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/** How long dead processes may take to leave their cgroup. */
const PATIENCE_MS = 10_000;

/** Removes a cgroup with all below it, killing what is in there. */
export async function removeTree(folder: string, kill: () => void): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; ; ) {
    const left = treeOf(folder).filter((path) => !removed(path));
    if (left.length === 0) return;
    if (performance.now() > end) {
      const pids = processesUnder(folder).join(', ');
      throw new Failure(
        'failed',
        'cgroup-busy',
        `cgroup ${folder}: cannot be removed: in use by ${pids || 'the kernel'}`,
      );
    }
    kill();
    await delay(2);
  }
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch {
      // ESRCH: it has ended.
    }
  }
}
