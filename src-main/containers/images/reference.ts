/** Image references, OCI distribution 1.1 §Pulling Manifests, with the defaults of Docker's clients. */
import { Failure } from '../../base/failure.ts';
import { type Digest, isDigest } from '../store/digest.ts';

export interface Reference {
  /** Host and port: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/busybox`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

const DEFAULT_REGISTRY = 'docker.io';
const OFFICIAL = 'library/';
const DEFAULT_TAG = 'latest';

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const NAME_MAX = 255;

/** Without tag and digest it means `:latest`. */
export function parseReference(text: string): Reference {
  const reference = parseName(text);
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** A name as it is written: a tag only if there is one. */
export function parseName(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const tag = tagged ? named.slice(colon + 1) : undefined;
  const { registry, repository } = splitName(tagged ? named.slice(0, colon) : named);
  const long = registry.length + 1 + repository.length > NAME_MAX;
  if (long || !HOST.test(registry) || !REPOSITORY.test(repository)) throw bad(text);
  if ((tag !== undefined && !TAG.test(tag)) || (digest !== undefined && !isDigest(digest))) throw bad(text);
  return { registry, repository, tag, digest };
}

export function tryParseName(text: string): Reference | undefined {
  try {
    return parseName(text);
  } catch {
    return undefined;
  }
}

/** As people write it: without docker.io and library/. */
export function familiarName({ registry, repository }: Pick<Reference, 'registry' | 'repository'>): string {
  if (registry !== DEFAULT_REGISTRY) return `${registry}/${repository}`;
  return repository.startsWith(OFFICIAL) && !repository.slice(OFFICIAL.length).includes('/')
    ? repository.slice(OFFICIAL.length)
    : repository;
}

export function formatReference(reference: Reference): string {
  const { tag, digest } = reference;
  return `${familiarName(reference)}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (slash === -1 || !isHost)
    return { registry: DEFAULT_REGISTRY, repository: slash === -1 ? `${OFFICIAL}${name}` : name };
  const registry = first === 'index.docker.io' ? DEFAULT_REGISTRY : first;
  const repository = name.slice(slash + 1);
  return registry === DEFAULT_REGISTRY && !repository.includes('/')
    ? { registry, repository: `${OFFICIAL}${repository}` }
    : { registry, repository };
}

function bad(text: string): Failure {
  return new Failure('usage', 'bad-reference', `${JSON.stringify(text.slice(0, 300))} is not an image reference`, {
    hint: 'write [HOST[:PORT]/]NAME[:TAG] or NAME@sha256:…, in lower case',
  });
}
