import { expect, test } from 'vitest';
import { type HostRoute, parseRoutes } from '../../../../src-main/containers/networks/host-routes.ts';
import type { BridgeNetwork } from '../../../../src-main/containers/networks/network-store.ts';
import { placeNetwork } from '../../../../src-main/containers/networks/place-network.ts';
import { Subnet } from '../../../../src-main/network/ipv4.ts';

const network = (more: Partial<BridgeNetwork> = {}): BridgeNetwork => ({
  id: 'a'.repeat(64),
  name: 'front',
  driver: 'bridge',
  createdAt: '2024-01-01T00:00:00Z',
  internal: false,
  labels: {},
  options: {},
  subnet: '172.17.0.0/16',
  gateway: '172.17.0.1',
  fromPool: true,
  ...more,
});
const route = (device: string, subnet: string): HostRoute => ({ device, subnet: Subnet.parse(subnet, 'route') });
const LAN = route('eth0', '172.17.4.0/22');
const OTHER_ENGINE = route('bh-bbbbbbbbbbbb', '172.17.0.0/16');

test('where nothing is in the way a network stays, its own bridge included', () => {
  const one = network();
  expect(placeNetwork(one, [one], [route('eth0', '10.0.0.0/8'), route('bh-aaaaaaaaaaaa', '172.17.0.0/16')])).toBe(one);
});

test.for([LAN, OTHER_ENGINE])('from the pools: it gets the next that is free, beside %j', (taken) => {
  const one = network();
  const more = network({ id: 'c'.repeat(64), name: 'back', subnet: '172.18.0.0/16' });
  const placed = placeNetwork(one, [one, more], [taken]);
  expect(placed).toEqual({ ...one, subnet: '172.19.0.0/16', gateway: '172.19.0.1' });
});

test('the default network of an older file moves too', () => {
  const { fromPool: _fromPool, ...old } = network({ name: 'bridge' });
  expect(placeNetwork(old, [old], [LAN]).subnet).toBe('172.18.0.0/16');
});

test('a subnet that was asked for stays on top of a LAN, as in Docker, and is refused on top of another engine', () => {
  const { fromPool: _fromPool, ...asked } = network();
  expect(placeNetwork(asked, [asked], [LAN])).toBe(asked);
  expect(() => placeNetwork(asked, [asked], [OTHER_ENGINE])).toThrow(
    "network front: its subnet 172.17.0.0/16 is in use on this computer, by another engine's bridge bh-bbbbbbbbbbbb",
  );
});

test('where a VPN has a route to everywhere, a network stays rather than not be', () => {
  const one = network();
  const everywhere = [route('tun0', '0.0.0.0/1'), route('tun0', '128.0.0.0/1')];
  expect(placeNetwork(one, [one], everywhere)).toBe(one);
  expect(() => placeNetwork(one, [one], [...everywhere, OTHER_ENGINE])).toThrow(/every address pool is in use/);
});

test('proc(5) /proc/net/route: subnets and their devices, without the default route', () => {
  const text = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'bh-bbbbbbbbbbbb\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    '',
  ].join('\n');
  expect(parseRoutes(text).map(({ device, subnet }) => `${device} ${subnet}`)).toEqual([
    'bh-bbbbbbbbbbbb 172.17.0.0/16',
  ]);
});
