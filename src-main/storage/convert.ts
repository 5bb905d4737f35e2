import { setImmediate } from 'node:timers/promises';
import { owning } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';
import { MemoryPieces } from '../base/memory-pieces.ts';
import { allowedChain } from './backing-chain.ts';
import type { DiskFormat } from './block-backend.ts';
import { HostImageFile, type ImageFile, writeBytes } from './image-file.ts';
import { type Layer, RawLayer, readNow } from './layer.ts';
import { makeImage } from './new-image.ts';
import { formatOf, openQcow2 } from './open-layer.ts';
import { ClusterWriter } from './qcow2/cluster-writer.ts';
import { pack, requireCompression } from './qcow2/compressed.ts';
import { CompressedWriter } from './qcow2/compressed-writer.ts';
import { createQcow2 } from './qcow2/create.ts';
import type { Compression } from './qcow2/header.ts';
import type { Metadata } from './qcow2/metadata.ts';

export interface ConvertOptions {
  readonly from: string;
  /** By its first bytes, unless said. */
  readonly fromFormat?: DiskFormat | undefined;
  /** Whether what it is based on may be copied too; where not, there must be none. */
  readonly allowBacking?: boolean | undefined;
  readonly to: string;
  readonly toFormat: DiskFormat;
  readonly compression?: Compression | undefined;
  progress?(done: number, total: number): void;
  /** Asked now and then; true stops, and nothing is left of the new image. */
  cancelled?(): boolean;
}

const CHUNK = 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK);

/** Takes the contents of a chunk, whose start is a multiple of the size of a cluster. */
interface Sink {
  readonly blockBytes: number;
  write(offset: number, bytes: Uint8Array): void;
  finish(): void;
}

/** Copies a disk, with all it is based on, into a new image that stands alone. */
export async function convertDisk(options: ConvertOptions): Promise<void> {
  const { to, toFormat, compression } = options;
  const source = openSource(options);
  try {
    await makeImage(to, async (file) => {
      const sink =
        toFormat === 'raw' ? rawSink(file, source.sizeBytes) : qcow2Sink(file, source.sizeBytes, compression);
      await copy(source, sink, options);
      sink.finish();
    });
  } finally {
    source.dispose();
  }
}

function openSource({ from, fromFormat, allowBacking = false }: ConvertOptions): Layer {
  return owning((owner) => {
    const file = owner.own(HostImageFile.open(from, { readOnly: true }));
    if ((fromFormat ?? formatOf(file)) === 'raw') return new RawLayer(file);
    return openQcow2(file, allowedChain(from, 'qcow2', allowBacking, '--allow-backing'));
  });
}

async function copy(source: Layer, sink: Sink, { progress, cancelled, to }: ConvertOptions): Promise<void> {
  const total = source.sizeBytes;
  const buffer = Buffer.alloc(CHUNK);
  for (let at = 0; at < total; ) {
    await setImmediate();
    if (cancelled?.()) throw new Failure('failed', 'cancelled', `${to}: cancelled; nothing of it was kept`);
    const { kind, length } = source.extent(at, total - at);
    // To the start of the next chunk, so that blocks stay whole.
    const known = Math.min(length, total - at);
    const skip = kind === 'zero' ? known - ((at + known) % CHUNK) : 0;
    if (skip > 0) at += skip;
    else {
      const chunk = buffer.subarray(0, Math.min(CHUNK - (at % CHUNK), total - at));
      readNow(source, at, chunk);
      for (let block = 0; block < chunk.length; block += sink.blockBytes) {
        const bytes = chunk.subarray(block, block + sink.blockBytes);
        if (!bytes.equals(ZEROS.subarray(0, bytes.length))) sink.write(at + block, bytes);
      }
      at += chunk.length;
    }
    progress?.(at, total);
  }
}

function rawSink(file: ImageFile, size: number): Sink {
  file.resize(size);
  return {
    blockBytes: 64 * 1024,
    write: (offset, bytes) => writeBytes(file, offset, bytes),
    finish: () => undefined,
  };
}

function qcow2Sink(file: ImageFile, size: number, compression: Compression | undefined): Sink {
  if (compression !== undefined) requireCompression(compression, file.object);
  createQcow2(file, { size, ...(compression === undefined ? {} : { compression }) });
  const layer = openQcow2(file, []);
  const { metadata } = layer;
  const writer = new ClusterWriter(layer);
  const packer = new CompressedWriter(metadata);
  const { clusterBytes } = metadata;
  return {
    blockBytes: clusterBytes,
    write(offset, bytes) {
      const packed = compression === undefined ? undefined : packCluster(bytes, compression, metadata);
      if (packed !== undefined) packer.write(offset / clusterBytes, packed);
      else writer.allocateAndWrite(offset, MemoryPieces.of(bytes), 0, bytes.length);
    },
    finish() {
      while (!metadata.clean) metadata.commit();
    },
  };
}

function packCluster(bytes: Uint8Array, compression: Compression, { clusterBytes }: Metadata): Uint8Array | undefined {
  if (bytes.length === clusterBytes) return pack(bytes, compression);
  const whole = new Uint8Array(clusterBytes);
  whole.set(bytes);
  return pack(whole, compression);
}
