/** Files between a container and this computer, packed and unpacked by tar(1). */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asFailure, Failure } from '../../base/failure.ts';
import { containerPath } from './api-paths.ts';
import type { EngineClient } from './engine-client.ts';

/** Go's io/fs ModeDir. */
const GO_DIRECTORY = 2 ** 31;
const STAT_HEADER = 'x-docker-container-path-stat';

/** Copies a file or folder of this computer to a path of a container, named and placed as cp(1) does. */
export async function copyIn(engine: EngineClient, source: string, container: string, path: string): Promise<void> {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) throw new Failure('usage', 'no-such-file', `${source}: there is no such file`);
  if (/(^|\/)\.$/.test(source))
    return packed(['-C', source, '-c', '.'], (tar) => unpackInto(engine, container, path, tar));
  const isFolder = await isFolderIn(engine, container, path);
  if (isFolder === undefined && path.endsWith('/') && !stat.isDirectory()) {
    throw new Failure('not-found', 'no-such-path', `${container}:${path}: there is no such folder`);
  }
  if (isFolder === false && stat.isDirectory()) {
    throw new Failure('usage', 'bad-copy', `${container}:${path}: is a file, and ${source} is a folder`);
  }
  const absolute = resolve(source);
  const base = basename(absolute);
  const name = isFolder ? base : basename(path);
  const folder = isFolder ? path : dirname(path);
  const renamed = name === base ? [] : ['--transform', `flags=r;s,^${pattern(base)},${replacement(name)},`];
  await packed(['-C', dirname(absolute), ...renamed, '-c', '--', base], (tar) =>
    unpackInto(engine, container, folder, tar),
  );
}

/** Copies a file or folder of a container to this computer, named and placed as cp(1) does. */
export async function copyOut(engine: EngineClient, container: string, path: string, target: string): Promise<void> {
  const tar = await archiveOf(engine, container, path);
  const there = statSync(target, { throwIfNoEntry: false });
  if (there?.isDirectory()) return unpack(tar, target);
  const parent = dirname(resolve(target));
  const work = mkdtempSync(join(parent, '.bulkhead-cp-'));
  try {
    await unpack(tar, work);
    const [only = ''] = readdirSync(work);
    renameSync(/(^|\/)\.$/.test(path) ? work : join(work, only), resolve(target));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Unpacks a tar into a folder of a container. */
export async function unpackInto(
  engine: EngineClient,
  container: string,
  path: string,
  upload: Readable,
): Promise<void> {
  const query = { path, noOverwriteDirNonDir: true };
  await engine.json('PUT', containerPath(container, '/archive'), { query, upload, contentType: 'application/x-tar' });
}

/** Undefined where there is nothing. */
/** A file or folder of a container, as a tar. */
export function archiveOf(engine: EngineClient, container: string, path: string): Promise<Readable> {
  return engine.stream('GET', containerPath(container, '/archive'), { query: { path } });
}

async function isFolderIn(engine: EngineClient, container: string, path: string): Promise<boolean | undefined> {
  try {
    const answer = await engine.stream('HEAD', containerPath(container, '/archive'), { query: { path: `${path}/.` } });
    answer.resume();
    const stat = JSON.parse(Buffer.from(`${answer.headers[STAT_HEADER]}`, 'base64').toString('utf8')) as {
      mode: number;
    };
    return Math.floor(stat.mode / GO_DIRECTORY) % 2 === 1;
  } catch (error) {
    if (asFailure(error).facts.status !== 404) throw error;
    await engine.json('GET', containerPath(container, '/json'));
    return undefined;
  }
}

async function packed(args: readonly string[], use: (tar: Readable) => Promise<void>): Promise<void> {
  const child = spawn('tar', ['-f', '-', '--format=pax', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = ending(child);
  await Promise.all([use(child.stdout), ended]);
}

/** GNU tar makes links last and refuses names that climb: an archive of a stranger's stays in its folder. */
async function unpack(tar: Readable, folder: string): Promise<void> {
  const child = spawn('tar', ['-C', folder, '-x', '-f', '-', '--no-same-owner'], { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = ending(child);
  await Promise.all([pipeline(tar, child.stdin), ended]);
}

function ending(child: ChildProcess): Promise<void> {
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((done, reject) => {
    child.on('error', (error) => reject(new Failure('host', 'no-tar', `cp: tar cannot be started: ${error.message}`)));
    child.on('close', (code) =>
      code === 0 ? done() : reject(new Failure('failed', 'tar-failed', `cp: ${text.trim().split('\n').at(-1)}`)),
    );
  });
}

/** In tar's sed expressions, with a comma as the bar. */
const pattern = (text: string): string => text.replace(/[.*[\]\\^$,+?(){}|]/g, '\\$&');
const replacement = (text: string): string => text.replace(/[\\&,]/g, '\\$&');
