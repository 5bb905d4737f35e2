import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { Failure } from '../../base/failure.ts';
import { dockerFolders } from './docker-folders.ts';

const CERTIFICATES = 'certs.d';

/** As node:tls takes them, PEM. */
export interface Certificates {
  /** Whoever may vouch for the registry: the authorities everybody trusts, and the user's own. */
  readonly ca?: string[];
  /** By which the registry knows us. */
  readonly cert?: string;
  readonly key?: string;
}

/**
 * What is kept for the registry `host[:port]` in a folder of that name: each `NAME.crt` is an authority that may vouch for
 * it, `NAME.cert` with `NAME.key` is what it wants to see of us (Docker, "Verify repository client with certificates").
 */
export function keptCertificates(host: string): Certificates {
  const found = dockerFolders().flatMap((folder) => filesIn(join(folder, CERTIFICATES, host)));
  const authorities = found.filter((path) => path.endsWith('.crt'));
  const own = found.find((path) => path.endsWith('.cert'));
  return {
    ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities.map(read)] }),
    ...(own !== undefined && { cert: read(own), key: read(own.replace(/\.cert$/, '.key')) }),
  };
}

/** Where the certificate of an authority that a user trusts for `host[:port]` is looked for. */
export function authorityPath(host: string): string {
  return join(dockerFolders()[1], CERTIFICATES, host, 'ca.crt');
}

function filesIn(folder: string): string[] {
  // A host that a registry sends us to may be called anything.
  if (basename(folder).startsWith('.')) return [];
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw unreadable(folder, error);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): Failure {
  return new Failure('host', 'registry-certificate', `${path}: cannot be read: ${(cause as Error).message}`, { cause });
}
