import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';

/** Debian's docker-registry, on this computer alone. */
export class LoopbackRegistry {
  private constructor(
    readonly host: string,
    readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  /** `users`: htpasswd lines, as Basic authentication wants them. */
  static async start(folder: string, htpasswd?: string): Promise<LoopbackRegistry> {
    const port = await freePort();
    mkdirSync(folder, { recursive: true });
    const auth: string[] = [];
    if (htpasswd !== undefined) {
      writeFileSync(join(folder, 'htpasswd'), htpasswd);
      auth.push('auth:', '  htpasswd:', '    realm: test', `    path: ${join(folder, 'htpasswd')}`);
    }
    const lines = [
      'version: 0.1',
      'log:',
      '  level: error',
      'storage:',
      '  filesystem:',
      `    rootdirectory: ${join(folder, 'data')}`,
      'http:',
      `  addr: 127.0.0.1:${port}`,
      '  relativeurls: true',
      ...auth,
    ];
    writeFileSync(join(folder, 'config.yml'), `${lines.join('\n')}\n`);
    const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
    const host = `127.0.0.1:${port}`;
    await answering(`http://${host}/v2/`, child);
    return new LoopbackRegistry(host, folder, child);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }
}

export function skopeo(...args: string[]): string {
  return execFileSync('skopeo', ['--insecure-policy', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
