/** Opening an image together with the chain of files it is based on. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure } from '../base/failure.ts';
import type { DiskFormat } from './block-backend.ts';
import { HostImageFile, type ImageFile, readBytes } from './image-file.ts';
import { type Layer, RawLayer } from './layer.ts';
import { requireCompression } from './qcow2/compressed.ts';
import { type Backing, MAGIC, readHeader } from './qcow2/header.ts';
import { Qcow2Layer } from './qcow2/qcow2-layer.ts';

/** Longer chains are taken for a mistake, or malice. */
const MAX_CHAIN = 32;

/** What a file is by its first bytes: only for files that no guest has ever written to as raw disks. */
export function formatOf(file: ImageFile): DiskFormat {
  return file.size() >= 4 && new DataView(readBytes(file, 0, 4).buffer).getUint32(0) === MAGIC ? 'qcow2' : 'raw';
}

/** A qcow2 image in an open file, with its backing files, which it owns from here on. */
export function openQcow2(file: ImageFile, settle?: () => void, seen: readonly string[] = []): Qcow2Layer {
  const header = readHeader(file);
  requireCompression(header.compression, file.object);
  const { backing } = header;
  const layer = backing === undefined ? undefined : openBacking(file, backing, [...seen, identity(file.object)]);
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

function openBacking(image: ImageFile, backing: Backing, seen: readonly string[]): Layer {
  const path = backingPath(image.object, backing);
  const refuse = (why: string, hint?: string): Failure =>
    new Failure('failed', 'disk-backing', `${image.object}: its backing file ${path} ${why}`, hint ? { hint } : {});
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw refuse('is missing', 'put it back, or convert another copy of the image');
  if (!status.isFile()) throw refuse('is not a plain file');
  if (seen.includes(identity(path))) throw refuse('is based on the image itself');
  if (seen.length >= MAX_CHAIN) throw refuse('is the end of a chain that is too long');
  const file = HostImageFile.open(path, { readOnly: true });
  try {
    return openLayer(file, backing, seen, refuse);
  } catch (error) {
    file.dispose();
    throw error;
  }
}

function openLayer(
  file: ImageFile,
  { format }: Backing,
  seen: readonly string[],
  refuse: (why: string, hint?: string) => Failure,
): Layer {
  if (format !== undefined && format !== 'raw' && format !== 'qcow2') throw refuse(`has the format ${format}`);
  const found = format ?? formatOf(file);
  if (found === 'raw') return new RawLayer(file);
  // A guest may have written this header to what was a raw disk, to read a file of the host.
  if (format === undefined && readHeader(file).backing !== undefined)
    throw refuse('has a backing file of its own, and no format is given', 'qemu-img rebase -u -F qcow2 states it');
  return openQcow2(file, undefined, seen);
}

function identity(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status === undefined ? path : `${status.dev}:${status.ino}`;
}
