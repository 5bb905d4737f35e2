import { describe, expect, test } from 'vitest';
import { AddressPool, freeSubnet } from '../../../../src-main/containers/networks/address-pool.ts';
import { newNetwork } from '../../../../src-main/containers/networks/new-network.ts';
import { formatAddress, parseAddress, Subnet } from '../../../../src-main/network/ipv4.ts';

const subnet = (text: string): Subnet => Subnet.parse(text, 'subnet');

describe('addresses of networks', () => {
  test('addresses and subnets are read and written', () => {
    expect(formatAddress(parseAddress('192.168.255.1') ?? 0)).toBe('192.168.255.1');
    for (const wrong of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '::1']) {
      expect(parseAddress(wrong)).toBeUndefined();
    }
    expect(`${subnet('10.1.2.3/24')}`).toBe('10.1.2.0/24');
    for (const wrong of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', 'fd00::/64']) {
      expect(() => subnet(wrong)).toThrow('an IPv4 subnet');
    }
    expect(subnet('10.0.0.0/8').overlaps(subnet('10.255.0.0/16'))).toBe(true);
    expect(subnet('10.0.0.0/9').overlaps(subnet('10.128.0.0/9'))).toBe(false);
  });

  test('a network without a subnet gets the first that nobody uses', () => {
    expect(`${freeSubnet([])}`).toBe('172.17.0.0/16');
    expect(`${freeSubnet([subnet('172.16.0.0/12')])}`).toBe('192.168.0.0/20');
    expect(`${freeSubnet([subnet('172.16.0.0/12'), subnet('192.168.1.0/24')])}`).toBe('192.168.16.0/20');
    expect(() => freeSubnet([subnet('0.0.0.0/0')])).toThrow('every address pool is in use');
  });

  test('an address given back is not the next to be given out; the last one is not given twice', () => {
    const pool = new AddressPool(subnet('10.0.0.0/29'), parseAddress('10.0.0.1') ?? 0);
    expect([pool.take(), pool.take()]).toEqual(['10.0.0.2', '10.0.0.3']);
    pool.giveBack('10.0.0.2');
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
      '10.0.0.2',
    ]);
    expect(() => pool.take()).toThrow('no address is free');
  });

  test('an address that is asked for is given once, and only of the subnet', () => {
    const pool = new AddressPool(subnet('10.0.0.0/24'), parseAddress('10.0.0.1') ?? 0, subnet('10.0.0.64/30'));
    expect(pool.take('10.0.0.9')).toBe('10.0.0.9');
    expect(() => pool.take('10.0.0.9')).toThrow('already in use');
    for (const taken of ['10.0.0.0', '10.0.0.1', '10.0.0.255'])
      expect(() => pool.take(taken)).toThrow('already in use');
    expect(() => pool.take('10.0.1.1')).toThrow('is not in the network');
    expect(pool.take()).toBe('10.0.0.64');
  });

  test('a network is refused that overlaps another, or whose gateway is none', () => {
    const wish = { name: 'some', driver: 'bridge', internal: false, labels: {}, options: {} };
    const first = newNetwork({ ...wish, subnet: '10.9.0.0/16' }, []);
    expect(first).toMatchObject({ subnet: '10.9.0.0/16', gateway: '10.9.0.1' });
    const again = { ...wish, name: 'other', subnet: '10.9.3.0/24' };
    expect(() => newNetwork(again, [first])).toThrow('overlaps');
    expect(() => newNetwork({ ...again, subnet: '10.8.0.0/16', gateway: '10.8.255.255' }, [])).toThrow('gateway');
    expect(() => newNetwork({ ...again, subnet: '10.8.0.0/16', range: '10.7.0.0/24' }, [])).toThrow('ip-range');
    expect(() => newNetwork({ ...wish, name: 'some' }, [first])).toThrow('already exists');
  });
});
