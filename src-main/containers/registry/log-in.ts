import { Failure } from '../../base/failure.ts';
import { Authorizer } from './authorizer.ts';
import { findEndpoint } from './endpoint.ts';
import { exchange } from './http-exchange.ts';
import type { RegistryAccess } from './registry-client.ts';

/** Of no repository: OCI distribution 1.1 §API, end-1, which tells a user from a stranger. */
const ANY_SCOPE = '';

/** Asks a registry whether it takes these credentials; throws `login-denied` where it does not. */
export async function logIn(registry: string, { auth = {}, signal }: RegistryAccess): Promise<void> {
  const { url, insecure } = await findEndpoint(registry, signal);
  const authorizer = new Authorizer(auth, { insecure });
  for (;;) {
    const known = authorizer.known(ANY_SCOPE);
    const answer = await exchange({
      method: 'GET',
      url: new URL('/v2/', url),
      headers: known === undefined ? {} : { authorization: known },
      signal,
      anyCertificate: insecure,
    });
    answer.body.resume();
    if (answer.status < 400) return;
    const challenge = answer.headers['www-authenticate'];
    const again = answer.status === 401 && (await authorizer.answer(challenge, ANY_SCOPE, signal));
    if (!again)
      throw new Failure('failed', 'login-denied', `${registry}: unauthorized: incorrect username or password`);
  }
}
