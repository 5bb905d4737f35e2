import { Failure } from '../../base/failure.ts';
import type { Forward, Network, NetworkDraft } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';

export const NET_OPTION = 'user[,forward=tcp:8080:80]…|tap:DEV|bridge:DEV|none';
export const FORWARD = 'tcp|udp:[HOSTADDRESS:]HOSTPORT:GUESTPORT';

/** Reads `user[,forward=…]…[,mac=…]`, `tap:DEV[,mac=…]`, `bridge:DEV[,mac=…]`; undefined for `none`. */
export function parseNet(text: string): NetworkDraft | undefined {
  const [kind = '', ...settings] = text.split(',');
  if (text === 'none') return undefined;
  const forwards: Forward[] = [];
  let mac: string | undefined;
  for (const setting of settings) {
    const [key, value] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)];
    if (key === 'mac') mac = value.toLowerCase();
    else if (key === 'forward' && kind === 'user') forwards.push(parseForward(value));
    else throw usage(`network ${quote(text)}: ${quote(setting)}: ${NET_OPTION} is expected`);
  }
  const card = mac === undefined ? {} : { mac };
  if (kind === 'user') return { kind, forwards, ...card };
  const [, which, device] = /^(tap|bridge):(.+)$/.exec(kind) ?? [];
  if (device === undefined) throw usage(`network ${quote(text)}: ${NET_OPTION} is expected`);
  return which === 'tap' ? { kind: 'tap', device, ...card } : { kind: 'bridge', bridge: device, ...card };
}

/** Reads `tcp:8080:80`, `udp:0.0.0.0:53:53`, `tcp:[::1]:8080:80`. */
export function parseForward(text: string): Forward {
  const match = /^(tcp|udp):(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) throw usage(`forward ${quote(text)}: ${FORWARD} is expected, as tcp:8080:80`);
  const [, protocol, address, hostPort, guestPort] = match;
  return {
    protocol: protocol as Forward['protocol'],
    ...(address === undefined ? {} : { hostAddress: address.replace(/[[\]]/g, '') }),
    hostPort: portOf(text, hostPort!),
    guestPort: portOf(text, guestPort!),
  };
}

/** As `parseForward` would read it. */
export function forwardText({ protocol, hostAddress, hostPort, guestPort }: Forward): string {
  const address = hostAddress?.includes(':') ? `[${hostAddress}]` : hostAddress;
  return [protocol, ...(address === undefined ? [] : [address]), hostPort, guestPort].join(':');
}

/** A machine's network in a line. */
export function describeNet(network: Network): string {
  switch (network.kind) {
    case 'user':
      return ['user', ...network.forwards.map((forward) => `forward=${forwardText(forward)}`)].join(', ');
    case 'tap':
      return `tap ${network.device}`;
    case 'bridge':
      return `bridge ${network.bridge}`;
  }
}

function portOf(text: string, port: string): number {
  const value = Number(port);
  if (value >= 1 && value <= 65_535) return value;
  throw usage(`forward ${quote(text)}: port ${port}: ports are from 1 to 65535`);
}

function usage(message: string): Failure {
  return new Failure('usage', 'bad-network', message);
}
