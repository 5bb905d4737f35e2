import { describe, expect, test } from 'vitest';
import { containerConfig, hostConfig } from '../../../../src-main/containers/lifecycle/container-config.ts';
import { portWishes } from '../../../../src-main/containers/networks/port-wishes.ts';

const wishes = (bindings: object, more: object = {}, config: object = {}) =>
  portWishes(containerConfig.parse(config), hostConfig.parse({ PortBindings: bindings, ...more }));

describe('published ports as they are asked for', () => {
  test('Docker API 1.47 PortBindings: an address, a port, a range, any port', () => {
    expect(wishes({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] })).toEqual([
      { protocol: 'tcp', port: 80, hostAddress: '127.0.0.1', candidates: [8080] },
    ]);
    expect(wishes({ '53/udp': [{ HostIp: '', HostPort: '8000-8002' }] })[0]?.candidates).toEqual([8000, 8001, 8002]);
    expect(wishes({ '80': null })).toEqual([{ protocol: 'tcp', port: 80, hostAddress: '', candidates: [] }]);
    expect(wishes({ '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '0' }] })[0]).toMatchObject({
      hostAddress: '',
      candidates: [],
    });
  });

  test('PublishAllPorts: what the image exposes, and nothing twice', () => {
    const all = wishes(
      { '80/tcp': [{ HostPort: '8080' }] },
      { PublishAllPorts: true },
      {
        ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
      },
    );
    expect(all.map(({ port, candidates }) => [port, candidates])).toEqual([
      [80, [8080]],
      [443, []],
    ]);
  });

  test('nonsense is refused', () => {
    for (const port of ['0/tcp', '70000/tcp', 'x', '80/sctp', '80/tcp/x']) {
      expect(() => wishes({ [port]: [{ HostPort: '1' }] })).toThrow('port');
    }
    for (const HostPort of ['70000', '9-8', 'x', '-1']) {
      expect(() => wishes({ '80/tcp': [{ HostPort }] })).toThrow('invalid host port');
    }
  });
});
