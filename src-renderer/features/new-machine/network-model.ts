import type { Forward, Network } from '../../../src-main/contract/hardware.ts';
import { en } from '../../locales/en.ts';

/** A forward as its fields hold it: ports as typed. */
export interface ForwardRow {
  readonly protocol: Forward['protocol'];
  readonly hostAddress: string | undefined;
  readonly hostPort: number | string;
  readonly guestPort: number | string;
}

/** A machine's first network card as its fields hold it, and what others it has. */
export interface NetworkForm {
  readonly kind: 'none' | Network['kind'];
  /** Of the tap or bridge. */
  readonly device: string;
  readonly forwards: readonly ForwardRow[];
  readonly mac: string | undefined;
  readonly more: readonly Network[];
}

export const emptyNetwork: NetworkForm = { kind: 'none', device: '', forwards: [], mac: undefined, more: [] };
export const emptyForward: ForwardRow = { protocol: 'tcp', hostAddress: undefined, hostPort: '', guestPort: '' };

export function networkOf(networks: readonly Network[] = []): NetworkForm {
  const [first, ...more] = networks;
  if (first === undefined) return emptyNetwork;
  const { kind, mac } = first;
  return {
    kind,
    mac,
    more,
    device: first.kind === 'tap' ? first.device : first.kind === 'bridge' ? first.bridge : '',
    forwards: first.kind === 'user' ? first.forwards.map((forward) => ({ ...emptyForward, ...forward })) : [],
  };
}

export function networksOf(form: NetworkForm): Network[] {
  const { kind, mac, device } = form;
  const card = mac === undefined ? {} : { mac };
  switch (kind) {
    case 'none':
      return [...form.more];
    case 'user':
      return [{ kind, ...card, forwards: forwardsOf(form) }, ...form.more];
    case 'tap':
      return [{ kind, ...card, device }, ...form.more];
    case 'bridge':
      return [{ kind, ...card, bridge: device }, ...form.more];
  }
}

export function forwardsOf({ forwards }: NetworkForm): Forward[] {
  return forwards.map(({ protocol, hostAddress, hostPort, guestPort }) => ({
    protocol,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    hostPort: Number(hostPort),
    guestPort: Number(guestPort),
  }));
}

export function portIsGood(port: number | string): boolean {
  const number = port === '' ? Number.NaN : Number(port);
  return Number.isInteger(number) && number >= 1 && number <= 65_535;
}

export function networkError({ kind, device, forwards }: NetworkForm): string | undefined {
  if (kind === 'tap' || kind === 'bridge')
    return /^(?!\.{1,2}$)[^\s/:]{1,15}$/.test(device) ? undefined : en.network.badDevice;
  if (kind === 'none') return undefined;
  if (forwards.some(({ hostPort, guestPort }) => !portIsGood(hostPort) || !portIsGood(guestPort))) {
    return en.network.badPort;
  }
  const listeners = forwards.map(
    ({ protocol, hostAddress = '', hostPort }) => `${protocol} ${hostAddress} ${hostPort}`,
  );
  return new Set(listeners).size < listeners.length ? en.network.doublePort : undefined;
}

/** Whether all that was changed of a running machine's form can be changed while it runs. */
export function onlyForwardsDiffer(form: NetworkForm, stored: NetworkForm): boolean {
  return (
    form.kind === 'user' && JSON.stringify({ ...form, forwards: [] }) === JSON.stringify({ ...stored, forwards: [] })
  );
}

/** A network in a line. */
export function networkLine({ kind, device, forwards }: NetworkForm): string {
  const name = en.network.kinds[kind];
  if (kind === 'tap' || kind === 'bridge') return `${name} ${device}`;
  return [name, ...forwards.map(forwardLine)].join(', ');
}

export function forwardLine({ protocol, hostAddress, hostPort, guestPort }: ForwardRow): string {
  const host = hostAddress?.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${protocol} ${host === undefined ? '' : `${host}:`}${hostPort} → ${guestPort}`;
}
