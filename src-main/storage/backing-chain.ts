/** What images are based on, seen from their headers, before any of it is opened as a disk. */
import { statSync } from 'node:fs';
import { Failure } from '../base/failure.ts';
import type { BackingFile, DiskFormat } from './block-backend.ts';
import { HostImageFile } from './image-file.ts';
import { backingPath, formatOf, requirePlainFile, unusable } from './open-layer.ts';
import { type Backing, type Header, readHeader } from './qcow2/header.ts';

/** Longer chains are taken for a mistake, or malice. */
const MAX_CHAIN = 32;

/**
 * The files an image is based on, from the one it names itself to the last; none for a raw one. Reads headers only, and
 * of plain files only. Throws what is wrong with the chain.
 */
export function backingChain(path: string, format: DiskFormat): BackingFile[] {
  const chain: BackingFile[] = [];
  const seen = [identity(path)];
  let image: BackingFile | undefined = { path, format };
  while (image.format === 'qcow2') {
    const next = backingOf(image.path);
    if (next === undefined) break;
    if (seen.includes(identity(next.path))) throw unusable(image.path, next.path, 'is based on the image itself');
    if (chain.length >= MAX_CHAIN) throw unusable(image.path, next.path, 'is the end of a chain that is too long');
    seen.push(identity(next.path));
    chain.push(next);
    image = next;
  }
  return chain;
}

/** What `path` is based on; throws where that is anything and nobody has allowed it. `how` it can be, for the hint. */
export function allowedChain(path: string, format: DiskFormat, allowed: boolean, how: string): BackingFile[] {
  const chain = backingChain(path, format);
  if (chain.length === 0 || allowed) return chain;
  throw new Failure(
    'usage',
    'backing-not-accepted',
    `disk ${path}: shows what is in other files: ${chainText(chain)}`,
    {
      hint: `if you trust it with them: ${how}`,
    },
  );
}

/** A chain in a line: `/a/base.qcow2 (qcow2), /b/disk.img (raw)`. */
export function chainText(chain: readonly BackingFile[]): string {
  return chain.map(({ path, format }) => `${path} (${format})`).join(', ');
}

function backingOf(image: string): BackingFile | undefined {
  const { backing } = headerOf(image);
  if (backing === undefined) return undefined;
  const path = backingPath(image, backing);
  requirePlainFile(image, path);
  return { path, format: formatOfBacking(image, path, backing) };
}

/** As the header says; what it leaves open is seen from the file, now, and never again. */
function formatOfBacking(image: string, path: string, { format }: Backing): DiskFormat {
  if (format === 'raw' || format === 'qcow2') return format;
  if (format !== undefined) throw unusable(image, path, `has the format ${format}`);
  const found = reading(path, formatOf);
  // A guest may have written this header to what was a raw disk, to read a file of the host.
  if (found === 'qcow2' && headerOf(path).backing !== undefined) {
    const hint = 'qemu-img rebase -u -F qcow2 states it';
    throw unusable(image, path, 'has a backing file of its own, and no format is given', hint);
  }
  return found;
}

function headerOf(path: string): Header {
  return reading(path, readHeader);
}

function reading<T>(path: string, read: (file: HostImageFile) => T): T {
  const file = HostImageFile.open(path, { readOnly: true, locked: false });
  try {
    return read(file);
  } finally {
    file.dispose();
  }
}

function identity(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status === undefined ? path : `${status.dev}:${status.ino}`;
}
