import { Failure } from '../../base/failure.ts';
import type { RegistryAuth } from '../../containers/registry/registry-auth.ts';

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
