import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import { delimiter, join } from 'node:path';

/** What the checks may look at, injected so that tests can be any computer. */
export interface HostFacts {
  /** The content of a text file; undefined where it is missing or may not be read. */
  readFile(path: string): string | undefined;
  /** Where a program is on the search path; undefined where it is not. */
  which(tool: string): string | undefined;
  /** Free space of the file system `path` is on, in MiB; undefined where that cannot be told. */
  freeMiB(path: string): number | undefined;
  readonly user: { readonly name: string; readonly uid: number };
  readonly memoryMiB: number;
  readonly memoryFreeMiB: number;
  readonly kernelRelease: string;
}

export function thisHostFacts(env: NodeJS.ProcessEnv): HostFacts {
  const { username, uid } = os.userInfo();
  return {
    readFile: (path) => attempt(() => readFileSync(path, 'utf8')),
    which: (tool) =>
      folders(env)
        .map((path) => join(path, tool))
        .find(isExecutable),
    freeMiB: (path) => attempt(() => freeMiB(path)),
    user: { name: username, uid },
    memoryMiB: Math.floor(os.totalmem() / (1 << 20)),
    memoryFreeMiB: availableMiB(attempt(() => readFileSync('/proc/meminfo', 'utf8'))),
    kernelRelease: os.release(),
  };
}

/** sbin folders hold tools that a user's search path may lack. */
function folders(env: NodeJS.ProcessEnv): string[] {
  return [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter((path) => path !== '');
}

function isExecutable(path: string): boolean {
  return attempt(() => accessSync(path, constants.X_OK) ?? true) === true;
}

function freeMiB(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return Math.floor((bavail * bsize) / (1 << 20));
}

/** proc(5): MemAvailable is what new processes can have without swapping. */
function availableMiB(meminfo: string | undefined): number {
  const kiB = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo ?? '')?.[1];
  return Math.floor(kiB === undefined ? os.freemem() / (1 << 20) : Number(kiB) / 1024);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
