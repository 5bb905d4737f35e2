import { describe, expect, test } from 'vitest';
import { portBindingsOf, portSpecsOf } from '../../../src-main/docker-api/client/port-specs.ts';

describe('published ports as people type them', () => {
  test.each([
    ['80', '80/tcp', '', ''],
    ['8080:80', '80/tcp', '', '8080'],
    ['53:53/udp', '53/udp', '', '53'],
    ['127.0.0.1:8080:80', '80/tcp', '127.0.0.1', '8080'],
    ['127.0.0.1::80', '80/tcp', '127.0.0.1', ''],
    ['0:80', '80/tcp', '', ''],
    ['[::1]:8080:80/tcp', '80/tcp', '::1', '8080'],
  ])('%s', (spec, port, HostIp, HostPort) => {
    expect(portBindingsOf([spec])).toEqual({ [port]: [{ HostIp, HostPort }] });
    expect(portBindingsOf(portSpecsOf(portBindingsOf([spec])))).toEqual(portBindingsOf([spec]));
  });

  test('a port may be published at several places, and a range is its ports one by one', () => {
    expect(portBindingsOf(['8080:80', '127.0.0.1:8081:80', '9000-9001:80-81'])).toEqual({
      '80/tcp': [
        { HostIp: '', HostPort: '8080' },
        { HostIp: '127.0.0.1', HostPort: '8081' },
        { HostIp: '', HostPort: '9000' },
      ],
      '81/tcp': [{ HostIp: '', HostPort: '9001' }],
    });
  });

  test.each([
    '',
    'web',
    '80:0',
    '70000:80',
    '80:70000',
    '8080:80/sctp',
    '300.1.1.1:80:80',
    '1.2:80:80',
    '[::zz]:80:80',
    '8000-8002:80',
    '8002-8000:80-82',
    '1:2:3:4',
    ':8080:80',
  ])('%j is refused with its form', (spec) => {
    expect(() => portBindingsOf([spec])).toThrow(/is expected/);
  });
});
