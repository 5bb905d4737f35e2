import type { ByteString } from '../../linux/dir-fd.ts';
import { badArchive } from './tar-entry.ts';

/** pax extended header records: `<length> <keyword>=<value>\n`, POSIX.1-2017 pax §"pax Extended Header". */
export function* parsePaxRecords(body: Buffer): Generator<readonly [keyword: ByteString, value: Buffer]> {
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const length = space === -1 ? Number.NaN : Number(body.toString('latin1', offset, space));
    const end = offset + length;
    if (!Number.isInteger(length) || space + 1 >= end || end > body.length || body[end - 1] !== 0x0a) {
      throw badArchive('a pax header is malformed');
    }
    const equals = body.indexOf(0x3d, space);
    if (equals === -1 || equals >= end) throw badArchive('a pax header is malformed');
    yield [body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1)];
    offset = end;
  }
}

export function formatPaxRecord(keyword: ByteString, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length + String(rest.length).length;
  length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
