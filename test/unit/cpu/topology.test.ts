import { describe, expect, it } from 'vitest';
import {
  apicIdOf,
  checkTopology,
  flatTopology,
  placeOfVcpu,
  vcpuCount,
} from '../../../src-main/cpu/normalize/topology.ts';

const ids = (sockets: number, cores: number, threads: number) => {
  const topology = checkTopology({ sockets, cores, threads });
  return Array.from({ length: vcpuCount(topology) }, (_, i) => apicIdOf(i, topology));
};

describe('SDM 3A §9.9.1: APIC ids', () => {
  it.each<[string, number[], number[]]>([
    ['one', [1, 1, 1], [0]],
    ['four cores', [1, 4, 1], [0, 1, 2, 3]],
    ['three cores take two bits', [2, 3, 1], [0, 1, 2, 4, 5, 6]],
    ['2×2×2', [2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]],
    ['2×3×2: gaps after odd counts', [2, 3, 2], [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]],
    ['threads of three', [1, 2, 3], [0, 1, 2, 4, 5, 6]],
    ['sockets only', [4, 1, 1], [0, 1, 2, 3]],
  ])('%s', (_, [sockets = 1, cores = 1, threads = 1], expected) => {
    expect(ids(sockets, cores, threads)).toEqual(expected);
  });

  it('no two vCPUs share one, up to 64', () => {
    for (let cores = 1; cores <= 21; cores++) {
      for (let threads = 1; threads <= 3; threads++) {
        const all = ids(1, cores, threads);
        expect(new Set(all).size).toBe(all.length);
      }
    }
  });

  it('a vCPU sits where its number says', () => {
    expect(placeOfVcpu(9, { sockets: 2, cores: 3, threads: 2 })).toEqual({ socket: 1, core: 1, thread: 1 });
  });
});

it.each([
  [{ sockets: 0, cores: 1, threads: 1 }, 'sockets must be a whole number from 1, not 0'],
  [{ sockets: 1, cores: 1.5, threads: 1 }, 'cores must be a whole number from 1, not 1.5'],
  [{ sockets: 1, cores: 1, threads: Number.NaN }, 'threads must be a whole number from 1, not NaN'],
  [{ sockets: 5, cores: 13, threads: 1 }, '65 vCPUs are more than 64'],
])('%o is refused: %s', (topology, why) => expect(() => checkTopology(topology)).toThrow(why));

it('a plain number of vCPUs is cores of one socket', () => {
  expect(flatTopology(3)).toEqual({ sockets: 1, cores: 3, threads: 1 });
});
