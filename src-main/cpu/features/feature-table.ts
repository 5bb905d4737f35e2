import { CPUID_FEATURES, type FeatureRow } from './cpuid-features.ts';
import { FEATURE_WORDS, type FeatureWord, type FeatureWordName } from './feature-word.ts';
import { MSR_FEATURES } from './msr-features.ts';

/** A processor feature that software can ask for, by its one name here. */
export interface Feature {
  /** QEMU's spelling. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly word: FeatureWordName;
  /** Usually one; all of them are set together. */
  readonly bits: readonly number[];
  readonly explanation: string;
  /** Document and section that define it. */
  readonly source: string;
}

const ROWS = { ...CPUID_FEATURES, ...MSR_FEATURES } as Partial<Record<FeatureWordName, readonly FeatureRow[]>>;

/** Every feature, in the order of leaves and bits. */
export const FEATURES: readonly Feature[] = Object.keys(FEATURE_WORDS).flatMap((name) => {
  const word = name as FeatureWordName;
  return (ROWS[word] ?? []).map(
    ([bit, name, explanation, aliases]): Feature => ({
      name,
      aliases: aliases?.split(' ') ?? [],
      word,
      bits: typeof bit === 'number' ? [bit] : bit,
      explanation,
      source: FEATURE_WORDS[word].source,
    }),
  );
});

const byName = new Map(
  FEATURES.flatMap((feature) => [feature.name, ...feature.aliases].map((name) => [name, feature])),
);

const byWord: Partial<Record<FeatureWordName, Feature[]>> = {};
for (const word of Object.keys(FEATURE_WORDS) as FeatureWordName[]) {
  byWord[word] = FEATURES.filter((feature) => feature.word === word);
}

/** The feature of that name or alias; `_` counts as `-`. */
export function findFeature(name: string): Feature | undefined {
  return byName.get(name) ?? byName.get(name.replaceAll('_', '-'));
}

export function featuresOf(word: FeatureWordName): readonly Feature[] {
  return byWord[word] ?? [];
}

export function wordOf({ word }: Feature): FeatureWord {
  return FEATURE_WORDS[word];
}

/** `7.0.ebx bit 16`, `IA32_ARCH_CAPABILITIES bit 0`: where the feature is told. */
export function placeOf(feature: Feature): string {
  const word = wordOf(feature);
  return `${word.kind === 'cpuid' ? `CPUID ${feature.word}` : `MSR ${word.register}`} bit ${feature.bits.join(' and ')}`;
}

/** The value of a word in which exactly these features are set. */
export function wordValue(word: FeatureWordName, features: ReadonlySet<string>): bigint {
  let value = 0n;
  for (const { name, bits } of featuresOf(word)) {
    if (features.has(name)) for (const bit of bits) value |= 1n << BigInt(bit);
  }
  return value;
}

/** The features a word's value tells; those with several bits need all of them. */
export function featuresIn(word: FeatureWordName, value: bigint): string[] {
  return featuresOf(word)
    .filter(({ bits }) => bits.every((bit) => (value >> BigInt(bit)) & 1n))
    .map(({ name }) => name);
}
