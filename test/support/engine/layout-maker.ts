import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export interface LayoutOptions {
  readonly architecture?: string;
  readonly config?: object;
  /** How each layer's tar becomes a blob. */
  readonly compress?: (tar: Buffer) => { readonly blob: Buffer; readonly mediaType: string };
}

const gzip = (tar: Buffer): { blob: Buffer; mediaType: string } => ({
  blob: gzipSync(tar, { level: 1 }),
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
});

/** Writes an OCI layout with one image of the given tars, under `tag`. */
export function makeLayout(folder: string, tag: string, tars: readonly Buffer[], options: LayoutOptions = {}): string {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } => {
    writeFileSync(join(blobs, sha(bytes)), bytes);
    return { mediaType, digest: `sha256:${sha(bytes)}`, size: bytes.length };
  };
  const layers = tars.map((tar) => {
    const { blob, mediaType } = (options.compress ?? gzip)(tar);
    return put(blob, mediaType);
  });
  const config = {
    architecture: options.architecture ?? 'amd64',
    os: 'linux',
    created: '2024-01-02T03:04:05Z',
    config: options.config ?? { Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${sha(tar)}`) },
    history: tars.map((_, index) => ({ created_by: `layer ${index}` })),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: put(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
    layers,
  };
  const descriptor = put(Buffer.from(JSON.stringify(manifest)), manifest.mediaType);
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }),
  );
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return folder;
}

/** A folder as the system's tar packs it. */
export function packFolder(folder: string, ...options: string[]): Buffer {
  return execFileSync(
    'tar',
    ['--sort=name', '--xattrs', '--numeric-owner', ...options, '-C', folder, '-cf', '-', '.'],
    {
      maxBuffer: 1 << 30,
    },
  );
}

/** All there is to a tree: names, types, modes, owners, times, links, content, xattrs. */
export function treeHash(folder: string): string {
  return sha(packFolder(folder, '--format=posix', '--pax-option=exthdr.name=x,delete=atime,delete=ctime'));
}

/** One line per file, for when two trees differ. */
export function treeLines(folder: string): string[] {
  const found = execFileSync('find', ['.', '-printf', '%p %y %m %U:%G %s %T@ %l %n\n'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return found
    .trim()
    .split('\n')
    .sort()
    .map((line) => line.replace(/^(\S+ d \S+ \S+) \d+ (\S+) +\d+$/, '$1 $2'));
}

export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
