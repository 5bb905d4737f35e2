/** NoCloud seeds: what cloud-init finds on a disk labelled `cidata` (cloud-init 22.4 doc/rtd/reference/datasources/nocloud). */
import { createHash } from 'node:crypto';
import { isoImage } from '../storage/iso/iso-image.ts';

const VOLUME = 'cidata';

/** Filled in by the user, or written by hand. */
export type SeedSource =
  | {
      readonly kind: 'form';
      readonly hostname?: string | undefined;
      readonly user?: string | undefined;
      readonly passwordHash?: string | undefined;
      readonly sshKeys: readonly string[];
    }
  | { readonly kind: 'raw'; readonly userData: string; readonly metaData?: string | undefined };

export interface SeedMachine {
  readonly id: string;
  readonly name: string;
}

/** The seed as an ISO image. cloud-init goes by the instance id: it changes, and all is applied again, when the seed does. */
export function seedImage(source: SeedSource, machine: SeedMachine, at: Date): Uint8Array {
  const userData = source.kind === 'raw' ? source.userData : formUserData(source);
  const digest = createHash('sha256').update(userData).digest('hex').slice(0, 8);
  const hostname = source.kind === 'form' ? source.hostname : undefined;
  const metaData =
    source.kind === 'raw' && source.metaData !== undefined
      ? source.metaData
      : `${JSON.stringify({ 'instance-id': `${machine.id}-${digest}`, 'local-hostname': hostname ?? hostNameFrom(machine.name) }, undefined, 1)}\n`;
  const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
  return isoImage(VOLUME, [file('meta-data', metaData), file('user-data', userData)], at);
}

/** cloud-config, whose YAML is written as JSON: nothing in it needs quoting rules of its own. */
function formUserData({ hostname, user, passwordHash, sshKeys }: Extract<SeedSource, { kind: 'form' }>): string {
  const keys = sshKeys.length === 0 ? {} : { ssh_authorized_keys: sshKeys };
  const password = passwordHash === undefined ? {} : { ssh_pwauth: true, chpasswd: { expire: false } };
  const config = {
    ...(hostname === undefined ? {} : { hostname, preserve_hostname: false }),
    ...(user === undefined
      ? { ...keys, ...(passwordHash === undefined ? {} : { password: passwordHash }) }
      : { users: [account(user, passwordHash, keys)] }),
    ...password,
  };
  return `#cloud-config\n${JSON.stringify(config, undefined, 1)}\n`;
}

function account(name: string, passwordHash: string | undefined, keys: object): object {
  return {
    name,
    shell: '/bin/bash',
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    lock_passwd: passwordHash === undefined,
    ...(passwordHash === undefined ? {} : { passwd: passwordHash }),
    ...keys,
  };
}

/** A machine's name made a host name: RFC 1123 §2.1. */
function hostNameFrom(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return plain === '' ? 'machine' : plain;
}

/** How cloud-init tells what user data is (its doc/rtd/explanation/format): nothing else is read. */
const BEGINNINGS = [
  '#cloud-config',
  '#!',
  '#include',
  '#cloud-boothook',
  '#cloud-config-archive',
  '#part-handler',
  '## template:',
  'Content-Type:',
  'MIME-Version:',
];

export function isUserData(text: string): boolean {
  return BEGINNINGS.some((beginning) => text.startsWith(beginning));
}
