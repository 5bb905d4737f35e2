import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';

/**
 * Debian's `docker` client, unpacked beside the tests: installing docker.io would start a daemon of its own. Downloaded
 * once with apt.
 */
export function dockerClient(): string {
  return join(debianPackage('docker.io'), 'usr/bin/docker');
}

/** A Debian package's files, downloaded and unpacked once, not installed. */
export function debianPackage(name: string): string {
  const cache = join(repositoryRoot, '.cache/debian');
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const work = join(cache, `.${name}-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const apt = (...args: string[]): unknown => execFileSync('apt-get', ['-qq', ...args], { cwd: work, stdio: 'pipe' });
  try {
    apt('download', name);
  } catch {
    apt('update');
    apt('download', name);
  }
  const deb = readdirSync(work).find((file) => file.endsWith('.deb')) ?? '';
  execFileSync('dpkg-deb', ['-x', join(work, deb), join(work, 'files')]);
  try {
    renameSync(join(work, 'files'), folder);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(folder)) throw error;
  }
  rmSync(work, { recursive: true, force: true });
  return folder;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RanWith {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** All of its standard input. */
  readonly input?: string | undefined;
}

/** Runs a program to its end. */
export function ran(program: string, args: readonly string[], { input, ...where }: RanWith = {}): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { ...where, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', failed);
    child.on('close', (status) => done({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** Runs the client against an engine's socket. */
export function docker(socket: string, home: string) {
  const program = dockerClient();
  const env = { PATH: process.env.PATH, HOME: home, DOCKER_HOST: `unix://${socket}` };
  const run = (args: readonly string[], input?: string): Promise<Ran> => ran(program, args, { env, input });
  /** What it prints, when it succeeds. */
  const say = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(args);
    if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${status}: ${stderr}`);
    return stdout.trim();
  };
  return {
    run,
    say,
    start: (args: readonly string[]) => spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }),
  };
}
