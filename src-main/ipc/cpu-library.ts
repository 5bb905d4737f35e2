import { writeFileSync } from 'node:fs';
import { asFailure, Failure } from '../base/failure.ts';
import type { CpuTemplate } from '../contract/cpu.ts';
import { compareCpus } from '../cpu/compare-cpus.ts';
import { cpuSheet } from '../cpu/cpu-sheet.ts';
import { parseCpuSpec } from '../cpu/cpu-spec.ts';
import { cpuModels } from '../cpu/cpu-summary.ts';
import type { HostCpu } from '../cpu/host-cpuid.ts';
import { expandModel } from '../cpu/resolve.ts';
import { hostCpu } from '../hypervisor/kvm/supported-cpuid.ts';
import type { CpuTemplateStore, TemplateEntry } from '../inventory/cpu-template-store.ts';
import type { CpuLibrary } from './services.ts';

/** CPU models, this host and the user's templates in the window's shapes. The host is asked anew each time. */
export function cpuLibrary(templates: CpuTemplateStore): CpuLibrary {
  return {
    list() {
      const { host, reason } = askHost();
      const { name, hardwareVirtualization } = host ?? { name: '', hardwareVirtualization: false };
      return { host: host ? { name, hardwareVirtualization } : null, reason, models: cpuModels(host) };
    },
    describe: (cpu) => cpuSheet(parseCpuSpec(cpu, templates), askHost().host),
    compare(a, b) {
      const { host } = askHost();
      const [one, other] = [a, b].map((cpu) => expandModel(parseCpuSpec(cpu, templates), host));
      return { a: one!.name, b: other!.name, differences: compareCpus(one!, other!) };
    },
    templates: () => templates.list().map(shown),
    saveTemplate: ({ name, cpu, description }, replace) => {
      const saved = templates.save({ name, cpu, description }, { replace });
      return shown({ kind: 'ok', template: saved });
    },
    deleteTemplate: (name) => templates.remove(name),
    exportTemplate: (name, path) => {
      const text = templates.exported(name);
      try {
        writeFileSync(path, text);
      } catch (error) {
        throw new Failure('host', 'write-failed', `${path}: cannot be written: ${(error as Error).message}`);
      }
    },
    importTemplate: (path) => shown({ kind: 'ok', template: templates.import(path) }),
  };
}

function askHost(): { host: HostCpu | undefined; reason: string | null } {
  try {
    return { host: hostCpu(), reason: null };
  } catch (error) {
    return { host: undefined, reason: asFailure(error).message };
  }
}

function shown(entry: TemplateEntry): CpuTemplate {
  if (entry.kind === 'broken') return { name: entry.name, broken: entry.reason };
  const { name, cpu, description } = entry.template;
  return { name, cpu, ...(description === undefined ? {} : { description }) };
}
