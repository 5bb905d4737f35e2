import type { CloudInit } from '../../../src-main/contract/hardware.ts';
import { en } from '../../locales/en.ts';

/** cloud-init's seed as its fields hold it: text as typed. */
export interface SeedForm {
  kind: 'none' | CloudInit['kind'];
  hostname: string;
  user: string;
  /** Typed now; what was typed before is known by its hash only. */
  password: string;
  passwordHash: string;
  /** One key a line. */
  sshKeys: string;
  userData: string;
  metaData: string | undefined;
}

export const emptySeed: SeedForm = {
  kind: 'none',
  hostname: '',
  user: '',
  password: '',
  passwordHash: '',
  sshKeys: '',
  userData: '#cloud-config\n',
  metaData: undefined,
};

export type SeedErrors = Partial<Record<keyof SeedForm, string>>;

export function seedErrors(seed: SeedForm): SeedErrors {
  const errors: SeedErrors = {};
  if (seed.kind === 'raw' && !/^(#|Content-Type:|MIME-Version:)/.test(seed.userData)) errors.userData = en.seed.badData;
  if (seed.kind !== 'form') return errors;
  if (seed.hostname !== '' && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(seed.hostname)) {
    errors.hostname = en.seed.badHostname;
  }
  if (seed.user !== '' && !/^[a-z_][a-z0-9_-]{0,31}$/.test(seed.user)) errors.user = en.seed.badUser;
  if (keysOf(seed).some((key) => !/^(ssh|ecdsa|sk)-\S+ \S+/.test(key))) errors.sshKeys = en.seed.badKey;
  if (seed.password === '' && seed.passwordHash === '' && keysOf(seed).length === 0) errors.password = en.seed.noWayIn;
  return errors;
}

export function cloudInitOf(seed: SeedForm): CloudInit | undefined {
  if (seed.kind === 'none') return undefined;
  if (seed.kind === 'raw') {
    const metaData = seed.metaData === undefined ? {} : { metaData: seed.metaData };
    return { kind: 'raw', userData: seed.userData, ...metaData };
  }
  const { hostname, user, password, passwordHash } = seed;
  return {
    kind: 'form',
    ...(hostname === '' ? {} : { hostname }),
    ...(user === '' ? {} : { user }),
    ...(password !== '' ? { password } : passwordHash === '' ? {} : { passwordHash }),
    sshKeys: keysOf(seed),
  };
}

export function seedOf(cloudInit: CloudInit | undefined): SeedForm {
  if (cloudInit === undefined) return emptySeed;
  if (cloudInit.kind === 'raw') {
    return { ...emptySeed, kind: 'raw', userData: cloudInit.userData, metaData: cloudInit.metaData };
  }
  return {
    ...emptySeed,
    kind: 'form',
    hostname: cloudInit.hostname ?? '',
    user: cloudInit.user ?? '',
    passwordHash: cloudInit.passwordHash ?? '',
    sshKeys: cloudInit.sshKeys.join('\n'),
  };
}

function keysOf({ sshKeys }: SeedForm): string[] {
  return sshKeys
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
