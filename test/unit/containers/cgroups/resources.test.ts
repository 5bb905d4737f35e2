import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NoCgroup } from '../../../../src-main/containers/cgroups/none.ts';
import { CgroupV1 } from '../../../../src-main/containers/cgroups/v1.ts';
import { CgroupV2 } from '../../../../src-main/containers/cgroups/v2.ts';
import { parseResources } from '../../../../src-main/containers/runtime/spec/config.ts';

/** A folder plays the cgroup: what the kernel would be told is in its files. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulkhead-cgroup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const told = (name: string): string => readFileSync(join(folder, name), 'utf8');
const CONTROLLERS = 'memory,blkio,hugetlb,net_cls,net_prio,rdma';
const v1 = (): CgroupV1 => new CgroupV1([{ name: CONTROLLERS, path: folder, mountedAt: folder }]);
const v2 = (): CgroupV2 => new CgroupV2(folder, folder);

describe('OCI runtime 1.2 config-linux §Control groups, on version 1', () => {
  test('§Network: the class and the priorities', () => {
    v1().apply(parseResources({ network: { classID: 0x100001, priorities: [{ name: 'eth0', priority: 5 }] } }));
    expect(told('net_cls.classid')).toBe('1048577');
    expect(told('net_prio.ifpriomap')).toBe('eth0 5');
  });

  test('§RDMA: what is not limited stays so', () => {
    v1().apply(parseResources({ rdma: { mlx5_1: { hcaHandles: 3 } } }));
    expect(told('rdma.max')).toBe('mlx5_1 hca_handle=3 hca_object=max');
  });

  test('§Huge page limits: usage, and reservations where the kernel counts them', () => {
    const resources = parseResources({ hugepageLimits: [{ pageSize: '2MB', limit: 4_194_304 }] });
    v1().apply(resources);
    expect(told('hugetlb.2MB.limit_in_bytes')).toBe('4194304');
    expect(() => told('hugetlb.2MB.rsvd.limit_in_bytes')).toThrow(/ENOENT/);
    writeFileSync(join(folder, 'hugetlb.2MB.rsvd.limit_in_bytes'), '');
    v1().apply(resources);
    expect(told('hugetlb.2MB.rsvd.limit_in_bytes')).toBe('4194304');
  });

  test('§Memory, §Block IO: fields of old kernels are told to the kernel, which says whether it has them', () => {
    v1().apply(
      parseResources({
        memory: { kernel: 1 << 24, kernelTCP: 1 << 20, useHierarchy: true },
        blockIO: { leafWeight: 20, weightDevice: [{ major: 8, minor: 0, leafWeight: 30 }] },
      }),
    );
    expect(told('memory.kmem.limit_in_bytes')).toBe('16777216');
    expect(told('memory.kmem.tcp.limit_in_bytes')).toBe('1048576');
    expect(told('memory.use_hierarchy')).toBe('1');
    expect(told('blkio.leaf_weight')).toBe('20');
    expect(told('blkio.leaf_weight_device')).toBe('8:0 30');
  });

  test('§Unified: refused by name', () => {
    expect(() => v1().apply(parseResources({ unified: { 'memory.high': '1' } }))).toThrow(/linux\.resources\.unified/);
  });

  test('§Memory, checkBeforeUpdate: a limit below what is in use is refused', () => {
    writeFileSync(join(folder, 'memory.usage_in_bytes'), '5000000');
    const memory = { limit: 4_000_000, checkBeforeUpdate: true };
    expect(() => v1().apply(parseResources({ memory }))).toThrow(/memory\.limit: 5000000 bytes are in use/);
    v1().apply(parseResources({ memory: { ...memory, limit: 6_000_000 } }));
    expect(told('memory.limit_in_bytes')).toBe('6000000');
  });
});

describe('OCI runtime 1.2 config-linux §Control groups, on version 2', () => {
  test('§RDMA, §Huge page limits, §Unified', () => {
    writeFileSync(join(folder, 'hugetlb.1GB.rsvd.max'), '');
    v2().apply(
      parseResources({
        rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10_000 } },
        hugepageLimits: [{ pageSize: '1GB', limit: 2 ** 30 }],
        unified: { 'memory.high': '1048576' },
      }),
    );
    expect(told('rdma.max')).toBe('mlx5_1 hca_handle=3 hca_object=10000');
    expect(told('hugetlb.1GB.max')).toBe('1073741824');
    expect(told('hugetlb.1GB.rsvd.max')).toBe('1073741824');
    expect(told('memory.high')).toBe('1048576');
  });

  test('§Block IO: the weight of one device, as BFQ has it and as io.cost has it', () => {
    const resources = parseResources({ blockIO: { weightDevice: [{ major: 8, minor: 16, weight: 1000 }] } });
    v2().apply(resources);
    expect(told('io.weight')).toBe('8:16 10000');
    writeFileSync(join(folder, 'io.bfq.weight'), '');
    v2().apply(resources);
    expect(told('io.bfq.weight')).toBe('8:16 1000');
  });

  test.for([
    ['memory.kernel', { memory: { kernel: 1 } }],
    ['memory.kernelTCP', { memory: { kernelTCP: 1 } }],
    ['memory.swappiness', { memory: { swappiness: 10 } }],
    ['memory.disableOOMKiller', { memory: { disableOOMKiller: true } }],
    ['memory.useHierarchy', { memory: { useHierarchy: false } }],
    ['cpu.realtimeRuntime', { cpu: { realtimeRuntime: 1 } }],
    ['cpu.realtimePeriod', { cpu: { realtimePeriod: 1 } }],
    ['blockIO.leafWeight', { blockIO: { leafWeight: 10 } }],
    ['blockIO.weightDevice', { blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 10 }] } }],
    ['network', { network: { classID: 1 } }],
    ['network', { network: { priorities: [{ name: 'lo', priority: 1 }] } }],
  ] as const)('%s is refused by name', ([field, resources]) => {
    expect(() => v2().apply(parseResources(resources))).toThrow(`linux.resources.${field}:`);
  });
});

describe('without a cgroup', () => {
  test.for([
    { cpu: { shares: 512 } },
    { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] },
    { network: { classID: 1 } },
    { rdma: { mlx5_1: { hcaHandles: 1 } } },
    { memory: { swap: 1 << 20 } },
  ])('a limit is refused: %j', (resources) => {
    expect(() => new NoCgroup().apply(parseResources(resources))).toThrow(/limits need a cgroup/);
  });

  test('what limits nothing is not', () => {
    new NoCgroup().apply(parseResources({ memory: { swap: -1 }, pids: { limit: -1 }, devices: [{ allow: false }] }));
  });
});

test.for(['../../x', '2mb', ''])('a page size is no path: %s', (pageSize) => {
  expect(() => parseResources({ hugepageLimits: [{ pageSize, limit: 1 }] })).toThrow(/pageSize: a size like 2MB/);
});
