import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { Failure } from '../../base/failure.ts';

/** As node:tls takes them, PEM. */
export interface Certificates {
  /** Whoever may vouch for the registry: the authorities everybody trusts, and the user's own. */
  readonly ca?: string[];
  /** By which the registry knows us. */
  readonly cert?: string;
  readonly key?: string;
}

/** Where docker(1) keeps certificates for registries: the computer's, and an ordinary user's. */
export function certificateFolders(): readonly string[] {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return ['/etc/docker/certs.d', join(config, 'docker/certs.d')];
}

/**
 * What is kept for the registry `host[:port]` in a folder of that name: each `NAME.crt` is an authority that may vouch for
 * it, `NAME.cert` with `NAME.key` is what it wants to see of us (Docker, "Verify repository client with certificates").
 */
export function keptCertificates(host: string): Certificates {
  const found = certificateFolders().flatMap((folder) => filesIn(join(folder, host)));
  const authorities = found.filter((path) => path.endsWith('.crt'));
  const own = found.find((path) => path.endsWith('.cert'));
  return {
    ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities.map(read)] }),
    ...(own !== undefined && { cert: read(own), key: read(own.replace(/\.cert$/, '.key')) }),
  };
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
