import { createReadStream } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import type { ContentDescriptor } from '../store/content-store.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { RegistryClient } from './registry-client.ts';

/** A part's failure costs no more than that part. */
const PART_BYTES = 64 << 20;

export type BlobPushed = 'existed' | 'mounted' | 'uploaded';

export interface BlobToPush extends ContentDescriptor {
  readonly path: string;
  /** A repository of the same registry that may have it. */
  readonly from?: string | undefined;
}

/** OCI distribution 1.1 §Pushing Blobs: nothing, when it is there; by reference, when another repository has it; in parts. */
export async function pushBlob(
  client: RegistryClient,
  blob: BlobToPush,
  sent: (bytes: number) => void,
): Promise<BlobPushed> {
  if (await client.hasBlob(blob.digest)) return 'existed';
  const query = blob.from === undefined ? '' : `?mount=${blob.digest}&from=${encodeURIComponent(blob.from)}`;
  const started = await client.ask('POST', `blobs/uploads/${query}`, { headers: { 'content-length': '0' } });
  await client.expect(started, [201, 202]);
  if (started.status === 201) return 'mounted';
  let at = locationOf(started);
  for (let offset = 0; offset < blob.size; offset += PART_BYTES) {
    const end = Math.min(offset + PART_BYTES, blob.size);
    const part = (): ReturnType<typeof createReadStream> => {
      const stream = createReadStream(blob.path, { start: offset, end: end - 1, highWaterMark: 1 << 18 });
      return stream.on('data', () => sent(Math.min(offset + stream.bytesRead, end)));
    };
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(end - offset),
      'content-range': `${offset}-${end - 1}`,
    };
    const answer = await client.ask('PATCH', at, { headers, body: part });
    await client.expect(answer, [201, 202, 204]);
    at = locationOf(answer);
  }
  at.searchParams.set('digest', blob.digest);
  await client.expect(await client.ask('PUT', at, { headers: { 'content-length': '0' } }), [201, 204]);
  return 'uploaded';
}

function locationOf({ headers, url }: HttpAnswer): URL {
  if (headers.location !== undefined) return new URL(headers.location, url);
  throw new Failure('failed', 'registry-answer', `${url.host}: does not say where to send a blob`);
}
