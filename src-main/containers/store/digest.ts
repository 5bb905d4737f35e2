import { createHash } from 'node:crypto';
import { Failure } from '../../base/failure.ts';

/** `sha256:` and 64 hexadecimal digits. Other algorithms OCI image 1.1 descriptor.md §Digests allows are not used. */
export type Digest = string;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): boolean => PATTERN.test(text);

/** Also what makes a digest safe as a file's name. */
export function requireDigest(text: string): Digest {
  if (PATTERN.test(text)) return text;
  throw new Failure('failed', 'bad-digest', `${JSON.stringify(text.slice(0, 100))} is not a sha256 digest`);
}

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export const hexOf = (digest: Digest): string => requireDigest(digest).slice('sha256:'.length);

/** As progress lines name layers. */
export const shortId = (digest: Digest): string => hexOf(digest).slice(0, 12);

export function digestMismatch(wanted: Digest, found: string): Failure {
  return new Failure('failed', 'digest-mismatch', `${wanted}: what came is not what was asked for`, {
    hint: 'the transfer was damaged or tampered with; try again',
    facts: { wanted, found },
  });
}
