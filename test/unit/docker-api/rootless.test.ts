import { describe, expect, test } from 'vitest';
import { resourceLimits } from '../../../src-main/containers/lifecycle/container-config.ts';
import { possibleLimits } from '../../../src-main/containers/lifecycle/possible-limits.ts';
import { pastaArguments } from '../../../src-main/containers/networks/pasta.ts';
import { parseSubordinates } from '../../../src-main/docker-api/client/user-namespace.ts';

describe('subuid(5)', () => {
  test('ranges are a user’s by name or by number; what is no range is none', () => {
    const text = 'ann:100000:65536\nbob:165536:65536\n1000:300000:10\nann:400000:0\nnonsense\n';
    expect(parseSubordinates(text, 'ann', 1000)).toEqual([
      { first: 100000, count: 65536 },
      { first: 300000, count: 10 },
    ]);
    expect(parseSubordinates(text, 'carol', 1002)).toEqual([]);
  });
});

describe('limits an ordinary user was not given', () => {
  const wanted = resourceLimits.parse({ Memory: 64 << 20, NanoCpus: 5e8, PidsLimit: 20 });

  test('root has all', () => {
    expect(possibleLimits(wanted, undefined)).toEqual({ limits: wanted, warnings: [] });
  });

  test('what no controller is there for is left out, with a warning each', () => {
    const { limits, warnings } = possibleLimits(wanted, ['memory']);
    expect(limits).toMatchObject({ Memory: 64 << 20, NanoCpus: 0, PidsLimit: null });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/CPU CFS quota .* Quota discarded/);
    expect(possibleLimits(wanted, []).limits.Memory).toBe(0);
  });

  test('what is not asked for, or asked to be unlimited, is no reason to warn', () => {
    expect(possibleLimits(resourceLimits.parse({ PidsLimit: -1, MemorySwap: -1 }), []).warnings).toEqual([]);
  });
});

describe('pasta(1)', () => {
  const port = { hostAddress: '', hostPort: 8080, protocol: 'tcp', address: '10.0.2.100', port: 80 } as const;
  const following = (args: readonly string[], flag: string): string[] => args.filter((_, at) => args[at - 1] === flag);

  test('published ports are forwarded, on one address or all, and no others', () => {
    const local = { ...port, hostAddress: '127.0.0.1', hostPort: 8081 };
    const args = pastaArguments('/net', '/pid', [port, local], false);
    expect(following(args, '--tcp-ports')).toEqual(['8080:80', '127.0.0.1/8081:80']);
    expect(following(args, '--udp-ports')).toEqual(['none']);
  });

  test('the host’s own loopback is out of a container’s reach', () => {
    const args = pastaArguments('/net', '/pid', [], false);
    expect(args).toContain('--no-map-gw');
    expect([...following(args, '--tcp-ns'), ...following(args, '--udp-ns')]).toEqual(['none', 'none']);
  });
});
