import { formatCpuSpec, parseCpuSpec } from '../../cpu/cpu-spec.ts';

/** A CPU model with its flags in its shortest form; throws a usage `Failure` with the nearest right name. */
export function checkedCpu(text: string): string {
  return formatCpuSpec(parseCpuSpec(text));
}
