/** XSAVE state components beside x87 and SSE, and the features that bring them (SDM 1 §13.1). */
const COMPONENTS: readonly (readonly [bit: number, features: readonly string[]])[] = [
  [2, ['avx']],
  [3, ['mpx']],
  [4, ['mpx']],
  [5, ['avx512f', 'avx10']],
  [6, ['avx512f', 'avx10']],
  [7, ['avx512f', 'avx10']],
  [9, ['pku']],
  [17, ['amx-tile']],
  [18, ['amx-tile']],
];

/** XCR0 with every component these features have state in; zero without XSAVE. */
export function xcr0For(features: ReadonlySet<string>): bigint {
  if (!features.has('xsave')) return 0n;
  let mask = 0b11n;
  for (const [bit, any] of COMPONENTS) if (any.some((name) => features.has(name))) mask |= 1n << BigInt(bit);
  return mask;
}
