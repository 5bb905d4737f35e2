import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { describeIssues } from '../../inventory/versioned.ts';
import { type Digest, isDigest } from '../store/digest.ts';
import { type ImageConfig, imageConfig } from './image-config.ts';

/** OCI image 1.1 media-types.md, and Docker's (distribution: manifest v2 schema 2). */
export const MEDIA = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export const isIndexType = (type: string): boolean => type === MEDIA.ociIndex || type === MEDIA.dockerList;
export const isManifestType = (type: string): boolean => type === MEDIA.ociManifest || type === MEDIA.dockerManifest;

const digest = z.string().check(z.refine(isDigest, 'not a sha256 digest'));

/** OCI image 1.1 descriptor.md. */
const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.int().check(z.nonnegative()),
  platform: z.optional(
    z.looseObject({
      os: z.string(),
      architecture: z.string(),
      variant: z.optional(z.string()),
    }),
  ),
  annotations: z.optional(z.record(z.string(), z.string())),
});
export type Descriptor = z.infer<typeof descriptor>;

const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.optional(z.string()),
  config: descriptor,
  layers: z.array(descriptor),
});
export type Manifest = z.infer<typeof manifest>;

const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.optional(z.string()),
  manifests: z.array(descriptor),
});
export type Index = z.infer<typeof index>;

/** A container image has a layer for each of its config's diffIDs, and no more than any runtime can stack. */
const LAYERS_MAX = 500;

export const parseManifest = (bytes: Uint8Array, what: string): Manifest => parse(bytes, manifest, what);
export const parseIndex = (bytes: Uint8Array, what: string): Index => parse(bytes, index, what);

export function parseConfig(bytes: Uint8Array, layers: number | undefined, what: string): ImageConfig {
  const config = parse(bytes, imageConfig, what);
  const count = diffIdsOf(config).length;
  if (layers !== undefined && count !== layers) throw badImage(what, `it has ${layers} layers, its config ${count}`);
  if (count > LAYERS_MAX) throw badImage(what, `it has more than ${LAYERS_MAX} layers`);
  return config;
}

export function diffIdsOf(config: ImageConfig): readonly Digest[] {
  const ids = config.rootfs.diff_ids ?? [];
  const wrong = ids.find((id) => !isDigest(id));
  if (wrong !== undefined) throw badImage('image', 'a layer of its config has no sha256 digest');
  return ids;
}

function parse<T>(bytes: Uint8Array, schema: z.ZodMiniType<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw badImage(what, 'it is not JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badImage(what, describeIssues(result.error.issues));
}

export function badImage(what: string, why: string): Failure {
  return new Failure('failed', 'bad-image', `${what}: is not an image we understand: ${why}`);
}
