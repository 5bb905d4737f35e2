import { Failure } from '../../base/failure.ts';
import { exchange } from './http-exchange.ts';
import { isCalledInsecure } from './insecure-registries.ts';

export interface Endpoint {
  /** As it is written in references. */
  readonly name: string;
  readonly url: URL;
  readonly insecure: boolean;
}

/** Docker Hub's registry is not where its name is. */
const hosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/**
 * Where and how a registry is spoken to: TLS, always; but one on this computer, or that the user has called insecure,
 * may also be spoken to in plain HTTP, or have any certificate.
 */
export async function findEndpoint(name: string, signal: AbortSignal | undefined): Promise<Endpoint> {
  const host = hosts[name] ?? name;
  const insecure = isLoopback(host) || (await isCalledInsecure(name));
  const secure: Endpoint = { name, url: new URL(`https://${host}`), insecure };
  if (!insecure) return secure;
  try {
    const answer = await exchange({ method: 'GET', url: new URL('/v2/', secure.url), signal, anyCertificate: true });
    answer.body.resume();
    return secure;
  } catch (error) {
    if (signal?.aborted || !(error instanceof Failure)) throw error;
    return { name, url: new URL(`http://${host}`), insecure };
  }
}

export function isLoopback(host: string): boolean {
  const { hostname } = new URL(`http://${host}`);
  return hostname === 'localhost' || /^127(\.\d+){3}$/.test(hostname) || hostname === '[::1]';
}
