import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

function run(program: string, args: readonly string[], input?: string): { status: number | null; text: string } {
  const result = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 64 * 1024 * 1024 });
  return { status: result.status, text: `${result.stdout}${result.stderr}` };
}

export function qemuImg(...args: readonly string[]): string {
  const { status, text } = run('qemu-img', args);
  if (status !== 0) throw new Error(`qemu-img ${args.join(' ')}: ${text}`);
  return text;
}

/** What `qemu-img check` says: its exit status, 0 clean, 2 corrupt, 3 leaks. */
export function qemuCheck(path: string): { status: number | null; text: string } {
  return run('qemu-img', ['check', '-f', 'qcow2', path]);
}

/** Runs qemu-io commands on an image, one after the other, in one process. */
export function qemuIo(path: string, commands: readonly string[], format = 'qcow2'): string {
  const { text } = run('qemu-io', ['-f', format, '-d', 'unmap', path], `${commands.join('\n')}\nquit\n`);
  if (/error|failed|Invalid/i.test(text)) throw new Error(`qemu-io: ${text.slice(0, 2000)}`);
  return text;
}

/** What qemu-img reads from an image, all of it. */
export function qemuContent(path: string, format = 'qcow2'): Buffer {
  const raw = `${path}.by-qemu`;
  try {
    qemuImg('convert', '-f', format, '-O', 'raw', path, raw);
    return readFileSync(raw);
  } finally {
    rmSync(raw, { force: true });
  }
}
