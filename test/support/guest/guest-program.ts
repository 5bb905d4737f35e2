import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FLAGS = ['-m32', '-nostdlib', '-static', '-ffreestanding', '-fno-stack-protector', '-fno-pic', '-no-pie'];

/** Compiles the C program `name`, which lies beside this, for Tiny Linux into `folder`; its path. Needs gcc. */
export function buildGuestProgram(name: 'udp-echo' | 'vsock-streams', folder: string): string {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, name);
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const { status, stderr } = spawnSync('gcc', [...FLAGS, '-o', program, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`gcc: ${stderr}`);
  return program;
}
