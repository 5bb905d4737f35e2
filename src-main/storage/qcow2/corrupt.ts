import { Failure } from '../../base/failure.ts';
import type { ImageFile } from '../image-file.ts';

/** No file is larger: what points further is wrong. */
export const MAX_OFFSET = Number.MAX_SAFE_INTEGER;

/** The image contradicts itself, or points out of itself. */
export function corrupt(file: ImageFile, why: string): Failure {
  return new Failure('failed', 'disk-corrupt', `${file.object}: the image is damaged: ${why}`, {
    hint: 'bulkhead disk check says what is wrong with it',
  });
}
