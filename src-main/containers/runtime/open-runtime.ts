import { join } from 'node:path';
import { LinuxRuntime } from './linux-runtime.ts';

/** Where the state of this user's containers is: in memory, because none of them outlives a restart of the computer. */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const folder = process.getuid?.() === 0 ? '/run' : (env.XDG_RUNTIME_DIR ?? '/tmp');
  return join(folder, 'bulkhead/runtime');
}

/** The runtime over a state folder: what the engine drives. */
export function openRuntime(root: string): LinuxRuntime {
  return new LinuxRuntime(root);
}
