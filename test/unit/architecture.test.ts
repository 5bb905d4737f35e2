import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/**
 * Which folders a folder may import from, besides itself. Dependencies point inward; where two rules fit a file, the
 * longer path holds. src-main/ARCHITECTURE.md explains the ones that are not obvious.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src-main/base': [],
  'src-main/contract': [],
  'src-main/linux': ['src-main/base'],
  'src-main/vmm/layout.ts': [],
  'src-main/vmm/bus': ['src-main/base'],
  'src-main/vmm/memory': ['src-main/base'],
  'src-main/vmm/interrupts': ['src-main/base'],
  'src-main/vmm/vcpu/vcpu-control.ts': ['src-main/base'],
  'src-main/cpu': ['src-main/base', 'src-main/vmm/layout.ts', 'src-main/vmm/memory'],
  'src-main/boot': ['src-main/base', 'src-main/vmm/layout.ts', 'src-main/vmm/memory'],
  'src-main/hypervisor': [
    'src-main/base',
    'src-main/linux',
    'src-main/boot/boot-image.ts',
    'src-main/cpu',
    'src-main/vmm/bus',
    'src-main/vmm/interrupts',
    'src-main/vmm/layout.ts',
    'src-main/vmm/memory',
    'src-main/vmm/vcpu/vcpu-control.ts',
  ],
  'src-main/devices': [
    'src-main/base',
    'src-main/network/ipv4.ts',
    'src-main/network/net-backend.ts',
    'src-main/network/vsock/host-ports.ts',
    'src-main/storage/block-backend.ts',
    'src-main/storage/removable/drive-seed.ts',
    'src-main/vmm/bus',
    'src-main/vmm/interrupts',
    'src-main/vmm/layout.ts',
    'src-main/vmm/memory',
  ],
  'src-main/storage': ['src-main/base', 'src-main/linux'],
  'src-main/shares': ['src-main/base', 'src-main/linux'],
  'src-main/cloud-init': ['src-main/base', 'src-main/storage'],
  'src-main/network': ['src-main/base', 'src-main/linux'],
  'src-main/inventory': ['src-main/base', 'src-main/linux'],
  'src-main/inventory/cpu-template.ts': ['src-main/base', 'src-main/cpu/cpu-spec.ts', 'src-main/inventory'],
  'src-main/inventory/cpu-template-store.ts': ['src-main/base', 'src-main/cpu/cpu-spec.ts', 'src-main/inventory'],
  'src-main/vmm/machine': [
    'src-main/base',
    'src-main/boot/boot-image.ts',
    'src-main/devices',
    'src-main/hypervisor/hypervisor.ts',
    'src-main/storage/removable',
    'src-main/vmm',
  ],
  'src-main/vmm/vcpu': ['src-main/base', 'src-main/hypervisor/hypervisor.ts', 'src-main/vmm/machine'],
  'src-main/vmm/io': [
    'src-main/base',
    'src-main/devices',
    'src-main/hypervisor/hypervisor.ts',
    'src-main/linux',
    'src-main/network',
    'src-main/shares',
    'src-main/storage',
    'src-main/vmm',
  ],
  'src-main/vmm/console': ['src-main/base', 'src-main/vmm'],
  'src-main/vmm/qmp': ['src-main/base', 'src-main/cpu/normalize/topology.ts', 'src-main/vmm'],
  'src-main/vmm/host': [
    'src-main/base',
    'src-main/boot',
    'src-main/cloud-init',
    'src-main/cpu',
    'src-main/devices',
    'src-main/hypervisor',
    'src-main/inventory',
    'src-main/linux',
    'src-main/network',
    'src-main/storage/removable',
    'src-main/vmm',
  ],
  'src-main/vmm/host-check': ['src-main/base', 'src-main/hypervisor', 'src-main/linux'],
  'src-main/vmm/client': [
    'src-main/base',
    'src-main/boot',
    'src-main/cloud-init',
    'src-main/inventory',
    'src-main/linux',
    'src-main/storage',
    'src-main/vmm/host',
  ],
  'src-main/containers': ['src-main/base', 'src-main/inventory', 'src-main/linux', 'src-main/network'],
  'src-main/containers/cgroups': ['src-main/base', 'src-main/linux', 'src-main/containers/runtime/spec'],
  'src-main/containers/archive': ['src-main/base', 'src-main/linux'],
  'src-main/containers/rootfs': [
    'src-main/base',
    'src-main/linux',
    'src-main/inventory',
    'src-main/containers/archive',
    'src-main/containers/cgroups/hierarchy.ts',
    'src-main/containers/runtime/spec',
  ],
  'src-main/containers/runtime': [
    'src-main/base',
    'src-main/linux',
    'src-main/containers/cgroups',
    'src-main/containers/rootfs',
  ],
  'src-main/containers/lifecycle': ['src-main/base', 'src-main/inventory', 'src-main/linux', 'src-main/containers'],
  'src-main/containers/networks': [
    'src-main/base',
    'src-main/inventory',
    'src-main/linux',
    'src-main/network',
    'src-main/containers/lifecycle/container-config.ts',
    'src-main/containers/lifecycle/container-record.ts',
    'src-main/containers/lifecycle/names.ts',
    'src-main/containers/lifecycle/one-at-a-time.ts',
    'src-main/containers/lifecycle/ports.ts',
  ],
  'src-main/containers/volumes': ['src-main/base', 'src-main/inventory', 'src-main/containers/lifecycle/names.ts'],
  'src-main/docker-api': ['src-main/base', 'src-main/containers', 'src-main/inventory', 'src-main/linux'],
  'src-main/cli': [
    'src-main/base',
    'src-main/docker-api/client',
    'src-main/docker-api/streams/stdcopy.ts',
    'src-main/boot',
    'src-main/cpu',
    'src-main/hypervisor',
    'src-main/inventory',
    'src-main/vmm',
    'src-main/storage',
  ],
  'src-main/ipc': [
    'src-main/base',
    'src-main/docker-api/client',
    'src-main/docker-api/streams/stdcopy.ts',
    'src-main/boot',
    'src-main/contract',
    'src-main/cpu',
    'src-main/hypervisor',
    'src-main/inventory',
    'src-main/vmm',
    'src-main/app',
    'src-main/cloud-init',
    'src-main/storage',
  ],
  'src-main/app': ['src-main/base', 'src-main/contract', 'src-main/inventory', 'src-main/ipc', 'src-main/vmm'],
  'src-main/entries': ['src-main'],
  'src-renderer': ['src-main/contract'],
};

/** Packages with one door each. */
const doors: Readonly<Record<string, readonly string[]>> = {
  koffi: ['src-main/linux'],
  v86: ['src-main/hypervisor/translated'],
  electron: ['src-main/app', 'src-main/ipc', 'src-main/entries'],
};

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
}

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file of ours it names, if it is one. */
  readonly file: string | undefined;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

const files = [...sources('src-main'), ...sources('src-renderer')];
const imports: Import[] = files.flatMap((from) =>
  [...readFileSync(join(root, from), 'utf8').matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const file = specifier.startsWith('.') ? relative(root, resolve(root, dirname(from), specifier)) : undefined;
    return { from, specifier, file };
  }),
);

const within = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`);

/** The longest rule that covers a file. */
function ruleOf(file: string): string | undefined {
  return Object.keys(allowed)
    .filter((folder) => within(file, folder))
    .sort((a, b) => b.length - a.length)[0];
}

describe('architecture', () => {
  test('the sources are seen, with their imports', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  test('every file of ours is under a rule', () => {
    expect(files.filter((file) => ruleOf(file) === undefined)).toEqual([]);
  });

  test('imports point inward', () => {
    const wrong = imports.filter(({ from, file }) => {
      if (file === undefined || !file.startsWith('src-')) return false;
      const rule = ruleOf(from)!;
      return !within(file, rule) && !allowed[rule]!.some((folder) => within(file, folder));
    });
    expect(wrong.map(({ from, file }) => `${from} → ${file}`)).toEqual([]);
  });

  test('koffi, v86 and electron are imported through their doors only', () => {
    const wrong = imports.filter(({ from, specifier }) => {
      const door = doors[specifier.split('/')[0]!];
      return door !== undefined && !door.some((folder) => within(from, folder));
    });
    expect(wrong.map(({ from, specifier }) => `${from} → ${specifier}`)).toEqual([]);
  });

  test('KVM ioctls are known to hypervisor/kvm alone', () => {
    const wrong = imports.filter(
      ({ from, file }) => file?.endsWith('kvm/ioctls.ts') && !within(from, 'src-main/hypervisor/kvm'),
    );
    expect(wrong.map(({ from }) => from)).toEqual([]);
  });

  test('no import goes in a circle, types aside', () => {
    const edges = new Map<string, string[]>();
    for (const { from, file } of imports) {
      if (file?.startsWith('src-') && !isTypeOnly(from, file)) edges.set(from, [...(edges.get(from) ?? []), file]);
    }
    expect(findCycle(edges)).toEqual([]);
  });

  test('nothing is a default export or a barrel', () => {
    const text = (file: string): string => readFileSync(join(root, file), 'utf8');
    expect(files.filter((file) => /^export default /m.test(text(file)))).toEqual([]);
    expect(files.filter((file) => /^export \* from /m.test(text(file)))).toEqual([]);
  });
});

/** Whether every import of `file` in `from` is erased by the compiler. */
function isTypeOnly(from: string, file: string): boolean {
  const text = readFileSync(join(root, from), 'utf8');
  return [...text.matchAll(/import\b([^;'"]*?)from\s*['"]([^'"]+)['"]/g)]
    .filter(
      ([, , specifier]) =>
        specifier!.startsWith('.') && relative(root, resolve(root, dirname(from), specifier!)) === file,
    )
    .every(
      ([, clause]) => /^\s*type\b/.test(clause!) || /^\s*\{(\s*type\s+\w+(\s+as\s+\w+)?\s*,?)+\}\s*$/.test(clause!),
    );
}

/** The files of one circle, or none. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  for (const file of edges.keys()) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
