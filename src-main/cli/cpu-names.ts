import { type CpuSpec, formatCpuSpec, parseCpuSpec } from '../cpu/cpu-spec.ts';
import { CpuTemplateStore } from '../inventory/cpu-template-store.ts';
import { bulkheadPaths } from '../inventory/paths.ts';
import type { CliIo } from './cli-io.ts';

/** This user's CPU templates. */
export function openTemplates(io: CliIo): CpuTemplateStore {
  return new CpuTemplateStore(bulkheadPaths(io.env));
}

/** What a person calls a CPU: a model or a template, with flags; throws a usage `Failure` with the nearest right name. */
export function readCpu(io: CliIo, text: string): CpuSpec {
  return parseCpuSpec(text, openTemplates(io));
}

/** The same as a machine keeps it: templates replaced by what they mean today. */
export function settledCpu(io: CliIo, text: string): string {
  return formatCpuSpec(readCpu(io, text));
}
