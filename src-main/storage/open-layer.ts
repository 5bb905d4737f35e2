/** Opening an image together with the chain of files it is based on. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure } from '../base/failure.ts';
import type { BackingFile, DiskFormat } from './block-backend.ts';
import { HostImageFile, type ImageFile, readBytes } from './image-file.ts';
import { type Layer, RawLayer } from './layer.ts';
import { requireCompression } from './qcow2/compressed.ts';
import { type Backing, MAGIC, readHeader } from './qcow2/header.ts';
import { Qcow2Layer } from './qcow2/qcow2-layer.ts';

/** What a file is by its first bytes: only for files that no guest has ever written to as raw disks. */
export function formatOf(file: ImageFile): DiskFormat {
  return file.size() >= 4 && new DataView(readBytes(file, 0, 4).buffer).getUint32(0) === MAGIC ? 'qcow2' : 'raw';
}

/**
 * A qcow2 image in an open file, with its backing files, which it owns from here on.
 * @param accepted what it is based on, in order; throws where its headers say anything else
 */
export function openQcow2(file: ImageFile, accepted: readonly BackingFile[], settle?: () => void): Qcow2Layer {
  const header = readHeader(file);
  requireCompression(header.compression, file.object);
  const layer = openBacking(file, header.backing, accepted);
  try {
    return new Qcow2Layer(file, header, layer, settle);
  } catch (error) {
    layer?.dispose();
    throw error;
  }
}

/** Where the backing file of an image is: relative names start from the image's folder. */
export function backingPath(imagePath: string, { name }: Backing): string {
  const plain = name.startsWith('file:') ? name.slice('file:'.length) : name;
  if (/^[a-z][a-z0-9+.-]*:/i.test(plain)) {
    throw new Failure('failed', 'disk-backing', `${imagePath}: its backing file ${name} is not a file name`, {
      hint: 'convert the image into one that stands alone',
    });
  }
  return resolve(dirname(imagePath), plain);
}

function openBacking(
  image: ImageFile,
  backing: Backing | undefined,
  [expected, ...rest]: readonly BackingFile[],
): Layer | undefined {
  const path = backing === undefined ? undefined : backingPath(image.object, backing);
  const format = backing?.format ?? expected?.format;
  if (path !== expected?.path || format !== expected?.format) throw notAccepted(image.object, path, expected);
  if (expected === undefined) return undefined;
  requirePlainFile(image.object, expected.path);
  const file = HostImageFile.open(expected.path, { readOnly: true });
  try {
    return expected.format === 'raw' ? new RawLayer(file) : openQcow2(file, rest);
  } catch (error) {
    file.dispose();
    throw error;
  }
}

/** Throws where the backing file of `image` cannot be one. */
export function requirePlainFile(image: string, path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile()) return;
  const hint = 'put it back, or convert another copy of the image';
  throw status === undefined ? unusable(image, path, 'is missing', hint) : unusable(image, path, 'is not a plain file');
}

/** Why an image cannot be used with the backing file it names. */
export function unusable(image: string, path: string, why: string, hint?: string): Failure {
  return new Failure('failed', 'disk-backing', `${image}: its backing file ${path} ${why}`, hint ? { hint } : {});
}

function notAccepted(image: string, path: string | undefined, expected: BackingFile | undefined): Failure {
  const now = path === undefined ? 'on no other file' : `on ${path}`;
  const before = expected === undefined ? 'no backing file' : `${expected.path} (${expected.format})`;
  return new Failure('failed', 'backing-not-accepted', `${image}: is based ${now}; accepted for it was ${before}`, {
    hint: '`bulkhead disk info` shows what it is based on; to accept that, give the disk again with `,allow-backing`',
  });
}
