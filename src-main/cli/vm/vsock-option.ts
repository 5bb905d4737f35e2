import { Failure } from '../../base/failure.ts';
import { CID } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';

/** Reads `on`, `off` or a CID; a CID, undefined for none. Machines do not share one: each may have the first. */
export function parseVsock(text: string): number | undefined {
  if (text === 'on') return CID.min;
  if (text === 'off') return undefined;
  const cid = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (cid >= CID.min && cid <= CID.max) return cid;
  throw new Failure('usage', 'bad-vsock', `vsock ${quote(text)}: on, off or a CID from ${CID.min} on is expected`, {
    hint: '2 is the host for every guest',
  });
}
