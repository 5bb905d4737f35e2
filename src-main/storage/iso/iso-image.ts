/**
 * A small ISO 9660 image (ECMA-119) of a few files in its root, with their real names twice: by Rock Ridge (RRIP 1.10 over
 * SUSP 1.10) for Linux, by Joliet for everybody else.
 */
import { invariant } from '../../base/failure.ts';
import { DirectoryRecords } from './directory-record.ts';
import { SECTOR } from './numbers.ts';
import { pathTable, terminator, volumeDescriptor } from './volume-descriptor.ts';

export interface IsoFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where the parts lie, in sectors: one each, all of them, whatever they hold. */
const AT = {
  primary: 16,
  joliet: 17,
  terminator: 18,
  pathLittle: 19,
  pathBig: 20,
  jolietPathLittle: 21,
  jolietPathBig: 22,
  root: 23,
  jolietRoot: 24,
  rockRidge: 25,
  files: 26,
} as const;

/** @param volume the label, at most 16 characters; @param at the time of all of it */
export function isoImage(volume: string, files: readonly IsoFile[], at: Date): Uint8Array {
  let next: number = AT.files;
  const placed = files.map(({ name, bytes }) => {
    const sector = next;
    next += Math.ceil(bytes.length / SECTOR);
    return { name, bytes, sector };
  });
  const image = new Uint8Array(next * SECTOR);
  const put = (sector: number, bytes: Uint8Array): void => {
    invariant(bytes.length <= SECTOR || sector >= AT.files, `ISO image: ${files.length} files do not fit in its root`);
    image.set(bytes, sector * SECTOR);
  };
  const common = { volume, sectors: next, at };
  put(
    AT.primary,
    volumeDescriptor({ ...common, joliet: false, pathLittle: AT.pathLittle, pathBig: AT.pathBig, root: AT.root }),
  );
  put(
    AT.joliet,
    volumeDescriptor({
      ...common,
      joliet: true,
      pathLittle: AT.jolietPathLittle,
      pathBig: AT.jolietPathBig,
      root: AT.jolietRoot,
    }),
  );
  put(AT.terminator, terminator());
  put(AT.pathLittle, pathTable(AT.root, true));
  put(AT.pathBig, pathTable(AT.root, false));
  put(AT.jolietPathLittle, pathTable(AT.jolietRoot, true));
  put(AT.jolietPathBig, pathTable(AT.jolietRoot, false));

  const records = new DirectoryRecords(at);
  put(AT.root, records.rockRidgeRoot(AT.root, AT.rockRidge, placed));
  put(AT.jolietRoot, records.jolietRoot(AT.jolietRoot, placed));
  put(AT.rockRidge, records.rockRidgeExtension());
  for (const { sector, bytes } of placed) put(sector, bytes);
  return image;
}
