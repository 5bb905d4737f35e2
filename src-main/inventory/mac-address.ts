import { randomBytes } from 'node:crypto';

/** The prefix locally administered by QEMU and KVM guests everywhere. */
const PREFIX = '52:54:00';

/** A new machine's address: made once and kept in its configuration, so that a guest always finds the same card. */
export function newMacAddress(): string {
  return [PREFIX, ...randomBytes(3).toString('hex').match(/../g)!].join(':');
}
