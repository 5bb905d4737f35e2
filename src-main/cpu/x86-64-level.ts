export type X8664Level = 'v1' | 'v2' | 'v3' | 'v4';

/** What each level adds (x86-64 psABI 1.0 §3.1.1, table 3.1), in the names of the feature table. */
const LEVELS: readonly (readonly [level: X8664Level, features: readonly string[]])[] = [
  ['v1', ['cmov', 'cx8', 'fpu', 'fxsr', 'mmx', 'syscall', 'sse', 'sse2', 'lm']],
  ['v2', ['cx16', 'lahf-lm', 'popcnt', 'pni', 'sse4.1', 'sse4.2', 'ssse3']],
  ['v3', ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave']],
  ['v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
];

/** The highest x86-64 level these features reach; null for 32-bit processors. */
export function x8664Level(features: ReadonlySet<string>): X8664Level | null {
  let reached: X8664Level | null = null;
  for (const [level, needed] of LEVELS) {
    if (!needed.every((name) => features.has(name))) break;
    reached = level;
  }
  return reached;
}
