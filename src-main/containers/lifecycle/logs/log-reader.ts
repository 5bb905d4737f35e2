import { existsSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Emitter } from '../../../base/emitter.ts';
import { decodeEntry, type LogEntry, timeOf } from './log-entry.ts';

export interface LogSelection {
  /** How many entries from the end; undefined is all. */
  readonly tail?: number | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** What tells a follower that there is more, and that there will be no more. */
export interface LogFollowing {
  readonly grown: Emitter<void>;
  /** Whether the container can still write. */
  live(): boolean;
  readonly gone: AbortSignal;
}

const CHUNK = 64 * 1024;

/** The entries of a log, oldest first; while `following`, also those that come. */
export async function* readLog(
  path: string,
  selection: LogSelection,
  following?: LogFollowing,
): AsyncGenerator<LogEntry> {
  const wanted = selectorOf(selection);
  let file = await openPresent(path, following);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    let offset = 0;
    if (selection.tail !== undefined) {
      const kept = await tailOf(path, file, size, selection.tail, wanted);
      yield* kept;
      offset = size;
    } else {
      for (const older of olderFiles(path)) yield* oneFile(older, wanted);
    }
    const lines = new LineSplitter();
    for (;;) {
      const live = following?.live() ?? false;
      const next = pulse(following);
      const end = yield* readOn(file, offset, lines, wanted, selection.untilMs);
      offset = end.offset;
      if (end.over || following === undefined || following.gone.aborted) return;
      const rotated = await replacement(path, file);
      if (rotated !== undefined) {
        yield* readOn(file, offset, lines, wanted, selection.untilMs);
        await file.close();
        file = rotated;
        offset = 0;
        continue;
      }
      if (!live) return;
      await next;
    }
  } finally {
    await file.close();
  }
}

type Wanted = (entry: LogEntry) => boolean;

function selectorOf({ stdout, stderr, sinceMs, untilMs }: LogSelection): Wanted {
  return (entry) =>
    (entry.output === 'stdout' ? stdout : stderr) &&
    (sinceMs === undefined || timeOf(entry) >= sinceMs) &&
    (untilMs === undefined || timeOf(entry) <= untilMs);
}

async function openPresent(path: string, following?: LogFollowing): Promise<FileHandle | undefined> {
  for (;;) {
    const next = pulse(following);
    const file = await open(path, 'r').catch(() => undefined);
    if (file !== undefined || !following?.live() || following.gone.aborted) return file;
    await next;
  }
}

/** Settles with the next word of growth, or when nobody wants to know any more. */
function pulse(following?: LogFollowing): Promise<void> {
  if (following === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      listener.dispose();
      following.gone.removeEventListener('abort', settle);
      resolve();
    };
    const listener = following.grown.on(settle);
    following.gone.addEventListener('abort', settle);
  });
}

/** Everything complete from `offset` to the present end. */
async function* readOn(
  file: FileHandle,
  from: number,
  lines: LineSplitter,
  wanted: Wanted,
  untilMs: number | undefined,
): AsyncGenerator<LogEntry, { offset: number; over: boolean }> {
  let offset = from;
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK, offset);
    if (bytesRead === 0) return { offset, over: false };
    offset += bytesRead;
    for (const line of lines.push(chunk.subarray(0, bytesRead))) {
      const entry = decodeEntry(line);
      if (entry === undefined) continue;
      if (untilMs !== undefined && timeOf(entry) > untilMs) return { offset, over: true };
      if (wanted(entry)) yield entry;
    }
  }
}

async function* oneFile(path: string, wanted: Wanted): AsyncGenerator<LogEntry> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return;
  try {
    yield* readOn(file, 0, new LineSplitter(), wanted, undefined);
  } finally {
    await file.close();
  }
}

/** The last `count` wanted entries up to `size` of the present file, older files included. */
async function tailOf(
  path: string,
  file: FileHandle,
  size: number,
  count: number,
  wanted: Wanted,
): Promise<LogEntry[]> {
  if (count <= 0) return [];
  let kept = await lastEntries(file, size, count, wanted);
  for (const older of olderFiles(path).reverse()) {
    if (kept.length >= count) break;
    const before = await open(older, 'r').catch(() => undefined);
    if (before === undefined) continue;
    try {
      kept = [...(await lastEntries(before, (await before.stat()).size, count - kept.length, wanted)), ...kept];
    } finally {
      await before.close();
    }
  }
  return kept;
}

/** Reads backwards, so that the end of a large log costs no more than that of a small one. */
async function lastEntries(file: FileHandle, size: number, count: number, wanted: Wanted): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  let held = Buffer.alloc(0);
  for (let end = size; end > 0 && found.length < count; ) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.allocUnsafe(end - start);
    await file.read(chunk, 0, chunk.length, start);
    held = Buffer.concat([chunk, held]);
    end = start;
    const cut = start === 0 ? 0 : held.indexOf(0x0a) + 1;
    if (start !== 0 && cut === 0) continue;
    const lines = held.toString('utf8', cut).split('\n').reverse();
    held = held.subarray(0, cut);
    for (const line of lines) {
      if (line === '' || found.length >= count) continue;
      const entry = decodeEntry(line);
      if (entry !== undefined && wanted(entry)) found.push(entry);
    }
  }
  return found.reverse();
}

function olderFiles(path: string): string[] {
  const files: string[] = [];
  for (let i = 1; existsSync(`${path}.${i}`); i++) files.unshift(`${path}.${i}`);
  return files;
}

/** The file that took this one's place at `path`. */
async function replacement(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  const [now, ours] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  if (now === undefined || now.ino === ours.ino) return undefined;
  return open(path, 'r').catch(() => undefined);
}

class LineSplitter {
  private held = Buffer.alloc(0);

  push(chunk: Buffer): string[] {
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const end = bytes.lastIndexOf(0x0a);
    this.held = Buffer.from(bytes.subarray(end + 1));
    return end < 0 ? [] : bytes.toString('utf8', 0, end).split('\n');
  }
}
