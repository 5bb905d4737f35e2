import { FEATURES } from './feature-table.ts';
import type { FeatureWordName } from './feature-word.ts';

type Dependents = { readonly word: FeatureWordName } | { readonly features: readonly string[] };

/** Features that mean nothing without another one, in the order in which they fall. */
const DEPENDENCIES: readonly (readonly [needs: string, dependents: Dependents])[] = [
  ['arch-capabilities', { word: 'arch-capabilities' }],
  ['core-capability', { word: 'core-capabilities' }],
  ['pdcm', { word: 'perf-capabilities' }],
  ['vmx', { word: 'vmx-procbased' }],
  ['vmx', { word: 'vmx-pinbased' }],
  ['vmx', { word: 'vmx-exit' }],
  ['vmx', { word: 'vmx-entry' }],
  ['vmx', { word: 'vmx-misc' }],
  ['vmx', { word: 'vmx-basic' }],
  ['lm', { features: ['vmx-entry-ia32e-mode'] }],
  ['vmx-secondary-ctls', { word: 'vmx-secondary' }],
  ['xsaves', { features: ['vmx-xsaves'] }],
  ['rdrand', { features: ['vmx-rdrand-exit'] }],
  ['invpcid', { features: ['vmx-invpcid-exit'] }],
  ['mpx', { features: ['vmx-exit-clear-bndcfgs', 'vmx-entry-load-bndcfgs'] }],
  ['rdseed', { features: ['vmx-rdseed-exit'] }],
  ['intel-pt', { word: '14.0.ecx' }],
  ['rdtscp', { features: ['vmx-rdtscp-exit'] }],
  ['vmx-ept', { features: lowHalf('vmx-ept-vpid') }],
  ['vmx-ept', { features: ['vmx-unrestricted-guest'] }],
  ['vmx-vpid', { features: highHalf('vmx-ept-vpid') }],
  ['vmx-vmfunc', { word: 'vmx-vmfunc' }],
  ['svm', { word: '8000000a.edx' }],
  ['waitpkg', { features: ['vmx-enable-user-wait-pause'] }],
  ['lm', { features: ['fred'] }],
  ['lkgs', { features: ['fred'] }],
  ['wrmsrns', { features: ['fred'] }],
  ['sgx', { features: ['sgxlc'] }],
  ['sgx', { word: '12.0.eax' }],
  ['sgx', { word: '12.0.ebx' }],
  ['sgx', { word: '12.1.eax' }],
  ['avx10-128', { features: ['avx10-256'] }],
  ['avx10-256', { features: ['avx10-512'] }],
  ['avx10', { word: '24.0.ebx' }],
];

/** Removes every feature whose foundation is missing; what fell, and over what. */
export function dropOrphans(features: Set<string>): { feature: string; needs: string }[] {
  const fallen: { feature: string; needs: string }[] = [];
  for (const [needs, dependents] of DEPENDENCIES) {
    if (features.has(needs)) continue;
    for (const feature of namesOf(dependents)) if (features.delete(feature)) fallen.push({ feature, needs });
  }
  return fallen;
}

function namesOf(dependents: Dependents): readonly string[] {
  if ('features' in dependents) return dependents.features;
  return FEATURES.filter(({ word }) => word === dependents.word).map(({ name }) => name);
}

function lowHalf(word: FeatureWordName): string[] {
  return FEATURES.filter((feature) => feature.word === word && feature.bits[0]! < 32).map(({ name }) => name);
}

function highHalf(word: FeatureWordName): string[] {
  return FEATURES.filter((feature) => feature.word === word && feature.bits.at(-1)! >= 32).map(({ name }) => name);
}
