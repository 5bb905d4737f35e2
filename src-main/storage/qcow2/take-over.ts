import { Failure } from '../../base/failure.ts';
import type { ImageFile } from '../image-file.ts';
import { checkImage } from './check.ts';
import { FIELD, INCOMPATIBLE, readHeader, writeField } from './header.ts';

/**
 * Makes an image ready to be written to: reference counts that its last writer left for later are made good, and
 * extensions we would not keep up to date are marked as stale.
 */
export function takeOver(file: ImageFile): void {
  const header = readHeader(file);
  if (header.incompatible & INCOMPATIBLE.corrupt) {
    throw new Failure('failed', 'disk-corrupt', `${file.object}: the image is marked as damaged`, {
      hint: 'open it read-only, or look at it with bulkhead disk check',
    });
  }
  if (header.incompatible & INCOMPATIBLE.dirty) {
    const { corruptions } = checkImage(file, { repair: true });
    if (corruptions > 0)
      throw new Failure('failed', 'disk-corrupt', `${file.object}: was not closed cleanly and is damaged`, {
        hint: 'bulkhead disk check says what is wrong with it',
      });
  }
  if (header.autoclear) {
    writeField(file, FIELD.autoclear, 0, 0);
    file.sync();
  }
}
