/** tar, written: ustar headers, with a pax header (POSIX.1-2017 pax) before each that ustar has no room for. */
import type { ByteString } from '../../linux/dir-fd.ts';
import { formatPaxRecord } from './pax-records.ts';
import { BLOCK, type EntryType, type TarEntry, USTAR } from './tar-entry.ts';

const flags: Readonly<Record<EntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Room for octal digits beside the terminating zero. */
const ID_MAX = 0o7777777;
const SIZE_MAX = 0o77777777777;

/** An entry to be written: sparse files are written out in full. */
export type WrittenEntry = Omit<TarEntry, 'extents'>;

/** The header blocks of an entry; its data and `tarPadding` follow. */
export function tarHeader(entry: WrittenEntry): Buffer {
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
  const pax: Buffer[] = [];
  const record = (keyword: string, value: ByteString): void =>
    void pax.push(formatPaxRecord(keyword, Buffer.from(value, 'latin1')));
  if (needsPax(name)) record('path', name);
  if (needsPax(entry.link)) record('linkpath', entry.link);
  if (entry.uid > ID_MAX) record('uid', String(entry.uid));
  if (entry.gid > ID_MAX) record('gid', String(entry.gid));
  if (entry.size > SIZE_MAX) record('size', String(entry.size));
  if (entry.nanoseconds !== 0 || entry.seconds < 0 || entry.seconds > SIZE_MAX) record('mtime', paxTime(entry));
  for (const [xattr, value] of [...entry.xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    pax.push(formatPaxRecord(`SCHILY.xattr.${xattr}`, value));
  }
  const header = ustarHeader({ ...entry, name }, flags[entry.type]);
  if (pax.length === 0) return header;
  const body = Buffer.concat(pax);
  const paxHeader = ustarHeader(
    { ...entry, name: 'PaxHeaders.0/entry', link: '', size: body.length, mode: 0o644 },
    'x',
  );
  return Buffer.concat([paxHeader, body, tarPadding(body.length), header]);
}

export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);

const needsPax = (name: ByteString): boolean => name.length > USTAR.name[1] || /[\x80-\xff]/.test(name);

function paxTime({ seconds, nanoseconds }: WrittenEntry): string {
  if (nanoseconds === 0) return String(seconds);
  const negative = seconds < 0;
  const whole = negative ? -seconds - 1 : seconds;
  const fraction = negative ? 1_000_000_000 - nanoseconds : nanoseconds;
  return `${negative ? '-' : ''}${whole}.${String(fraction).padStart(9, '0')}`;
}

function ustarHeader(entry: WrittenEntry, flag: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = ([offset, length]: readonly [number, number], value: number, max: number): void => {
    const digits = (value < 0 || value > max ? 0 : value).toString(8).padStart(length - 1, '0');
    block.write(digits, offset, length - 1, 'latin1');
  };
  block.write(entry.name, ...USTAR.name, 'latin1');
  octal(USTAR.mode, entry.mode & 0o7777, ID_MAX);
  octal(USTAR.uid, entry.uid, ID_MAX);
  octal(USTAR.gid, entry.gid, ID_MAX);
  octal(USTAR.size, entry.size, SIZE_MAX);
  octal(USTAR.mtime, entry.seconds, SIZE_MAX);
  block.write(flag, ...USTAR.type, 'latin1');
  block.write(entry.link, ...USTAR.link, 'latin1');
  block.write('ustar\0', ...USTAR.magic, 'latin1');
  block.write('00', ...USTAR.version, 'latin1');
  octal(USTAR.deviceMajor, entry.deviceMajor, ID_MAX);
  octal(USTAR.deviceMinor, entry.deviceMinor, ID_MAX);
  block.fill(0x20, USTAR.checksum[0], USTAR.checksum[0] + USTAR.checksum[1]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, ...USTAR.checksum, 'latin1');
  return block;
}
