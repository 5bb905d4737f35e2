import { open } from 'node:fs/promises';
import type { LogTail } from '../contract/machine.ts';

/** The last `maxBytes` of a log, from a line's start when it is cut; an absent file is an empty log. */
export async function readLogTail(path: string, maxBytes: number): Promise<LogTail> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path, size: 0, text: '', truncated: false };
    throw error;
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, maxBytes);
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, size - length);
    const text = bytes.toString('utf8', 0, bytesRead);
    const truncated = length < size;
    return { path, size, text: truncated ? text.slice(text.indexOf('\n') + 1) : text, truncated };
  } finally {
    await file.close();
  }
}
