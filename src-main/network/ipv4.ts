import { Failure } from '../base/failure.ts';

/** An IPv4 address as a number, so that addresses can be counted through. */
export function parseAddress(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const parts = text.split('.').map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export function addressBytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address >>> 0);
  return bytes;
}

/** Addresses that begin with the same bits. */
export class Subnet {
  readonly first: number;
  readonly last: number;

  constructor(
    address: number,
    readonly prefixLength: number,
  ) {
    const size = 2 ** (32 - prefixLength);
    this.first = Math.floor(address / size) * size;
    this.last = this.first + size - 1;
  }

  /** `172.18.0.0/16`; a `usage` failure naming `what` for anything else. */
  static parse(text: string, what: string): Subnet {
    const [address = '', length = ''] = text.split('/');
    const number = parseAddress(address);
    if (number === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) {
      throw new Failure(
        'usage',
        'bad-subnet',
        `invalid ${what}: ${text}: an IPv4 subnet like 172.30.0.0/16 is expected`,
      );
    }
    return new Subnet(number, Number(length));
  }

  contains(address: number): boolean {
    return address >= this.first && address <= this.last;
  }

  overlaps({ first, last }: Subnet): boolean {
    return first <= this.last && last >= this.first;
  }

  toString(): string {
    return `${formatAddress(this.first)}/${this.prefixLength}`;
  }
}
