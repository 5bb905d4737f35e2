import { Failure } from '../../base/failure.ts';
import type { RegistryAuth } from '../../containers/registry/registry-auth.ts';

/** Docker's clients keep credentials for Docker Hub by this address. */
export const HUB_ADDRESS = 'https://index.docker.io/v1/';
const HUB = 'docker.io';

/** The registry of a `serveraddress`: a host and port, or an address on it. */
export function registryOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === '' || host === 'index.docker.io' ? HUB : host;
}

/** The `serveraddress` by which clients keep a registry's credentials. */
export function addressOf(registry: string): string {
  return registry === HUB ? HUB_ADDRESS : registry;
}

/** The `X-Registry-Auth` header: JSON in base64url (Docker API 1.47 "Authentication"). */
export function registryAuth(header: string | string[] | undefined): RegistryAuth | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text === '') return undefined;
  try {
    const auth = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, string | undefined>;
    const { username, password, identitytoken, registrytoken } = auth;
    if (!username && !identitytoken && !registrytoken) return undefined;
    return {
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(identitytoken ? { identityToken: identitytoken } : {}),
      ...(registrytoken ? { registryToken: registrytoken } : {}),
    } as RegistryAuth;
  } catch {
    throw new Failure('usage', 'bad-registry-auth', 'X-Registry-Auth: base64 of JSON is expected');
  }
}
