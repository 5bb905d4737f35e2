import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bundleWorker } from './worker-bundle.ts';

/** Bundles a program of this folder that writes until it is killed, and says so on its standard output. */
export async function bundleWriter(name: string): Promise<string> {
  return fileURLToPath(await bundleWorker(new URL(`./${name}.ts`, import.meta.url), name));
}

/** Runs a writer that is killed `afterMs` after its first word; all it said. Throws when it ended by itself. */
export async function killedWriter(
  writer: string,
  args: readonly string[],
  afterMs: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(process.execPath, [writer, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), afterMs));
  child.stdout.on('data', (bytes) => {
    said += bytes;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${signal ?? code}\n${said}`);
  return said;
}
