import type { CallHandlers } from './contract-server.ts';
import type { CpuLibrary, Desktop } from './services.ts';

type CpuCalls = { [N in keyof CallHandlers as N extends `cpu.${string}` ? N : never]: CallHandlers[N] };

export function cpuCalls(cpus: CpuLibrary, desktop: Desktop): CpuCalls {
  return {
    'cpu.list': () => cpus.list(),
    'cpu.describe': ({ cpu }) => cpus.describe(cpu),
    'cpu.compare': ({ a, b }) => cpus.compare(a, b),
    'cpu.templates': () => cpus.templates(),
    'cpu.saveTemplate': ({ replace, ...draft }) => cpus.saveTemplate(draft, replace),
    'cpu.deleteTemplate': ({ name }) => {
      cpus.deleteTemplate(name);
      return undefined;
    },
    'cpu.exportTemplate': async ({ name }) => {
      const path = await desktop.saveFile('Export the CPU template', `${name}.cpu.json`);
      if (path !== null) cpus.exportTemplate(name, path);
      return path;
    },
    'cpu.importTemplate': async () => {
      const path = await desktop.pickFile('Import a CPU template');
      return path === null ? null : cpus.importTemplate(path);
    },
  };
}
