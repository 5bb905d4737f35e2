import { Failure } from '../base/failure.ts';
import { FEATURES, findFeature } from './features/feature-table.ts';
import { modelNames } from './models/catalogue.ts';
import { nearestName } from './nearest-name.ts';

/** Models that are not in a table, but made from the host. */
export const HOST_MODELS = ['host', 'host-model'] as const;
export type HostModelName = (typeof HOST_MODELS)[number];

/** What a person asked for, checked: `MODEL[,+flag,-flag,flag=on|off,KEY=VALUE]`. */
export interface CpuSpec {
  /** A model, version or alias of the catalogue, or a host model. */
  readonly model: string;
  /** Features turned on or off against the model, by their one name. */
  readonly features: ReadonlyMap<string, boolean>;
  /** What the guest is told instead of what the model says. */
  readonly identity: CpuIdentity;
  /** Add every mitigation the host offers for this vendor. */
  readonly mitigations: boolean;
}

export interface CpuIdentity {
  readonly vendor?: string;
  readonly family?: number;
  readonly model?: number;
  readonly stepping?: number;
  readonly modelId?: string;
  /** Width of physical addresses, 32 to 52. */
  readonly physBits?: number;
}

/** CPUs people have given names of their own; such a name may stand where a model's does. */
export interface CpuTemplates {
  find(name: string): CpuSpec | undefined;
  names(): readonly string[];
}

const NO_TEMPLATES: CpuTemplates = { find: () => undefined, names: () => [] };

/** Largest values the registers hold (SDM 2A CPUID figure 3-6; APM 3 E.4.7). */
const NUMBERS = { family: ['family', 0, 0x10e], model: ['model', 0, 0xff], stepping: ['stepping', 0, 0xf] } as const;
const PHYS_BITS = ['physBits', 32, 52] as const;

/**
 * Reads a `--cpu` argument. As in QEMU `-flag` beats `+flag`, which beats `flag=on|off`. A template's name is replaced by
 * what it stands for, and what follows it beats what the template says. Throws a usage `Failure` that says what is wrong,
 * with the nearest right name as its hint.
 */
export function parseCpuSpec(text: string, templates: CpuTemplates = NO_TEMPLATES): CpuSpec {
  const [model = '', ...settings] = text.split(',').map((part) => part.trim());
  if (model === '') throw refusal(text, 'a model name comes first', 'for example host or Skylake-Server,-avx512f');
  const template = templates.find(model);
  if (template === undefined && !isModelName(model)) {
    const near = nearestName(model, [...HOST_MODELS, ...modelNames(), ...templates.names()]);
    const hint = near === undefined ? '`bulkhead cpu list` shows every model' : `did you mean ${near}?`;
    throw refusal(text, `there is no CPU model "${model}"`, hint);
  }
  const base = template ?? { model, features: new Map<string, boolean>(), identity: {}, mitigations: false };
  const { features, identity, mitigations = base.mitigations } = readSettings(text, settings);
  return {
    model: base.model,
    features: new Map([...base.features, ...features]),
    identity: { ...base.identity, ...identity },
    mitigations,
  };
}

/** The shortest text that reads back as the same request. */
export function formatCpuSpec({ model, features, identity, mitigations }: CpuSpec): string {
  const { vendor, modelId, physBits, ...numbers } = identity;
  return [
    model,
    ...[...features].map(([name, on]) => `${on ? '+' : '-'}${name}`),
    ...Object.entries({ vendor, ...numbers, 'model-id': modelId, 'phys-bits': physBits })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${value}`),
    ...(mitigations ? ['mitigations=on'] : []),
  ].join(',');
}

/** Whether a model, a version, an alias or a host model is called that. */
export function isModelName(name: string): boolean {
  return name === 'max' || (HOST_MODELS as readonly string[]).includes(name) || modelNames().includes(name);
}

interface Settings extends Pick<CpuSpec, 'features' | 'identity'> {
  /** Undefined where nothing was said of them. */
  readonly mitigations: boolean | undefined;
}

function readSettings(text: string, settings: readonly string[]): Settings {
  const switched = new Map<string, boolean>();
  const plus: string[] = [];
  const minus: string[] = [];
  const identity: Record<string, string | number> = {};
  let mitigations: boolean | undefined;
  for (const setting of settings) {
    const [key = '', value] = setting.split('=', 2) as [string, string?];
    if (setting.startsWith('+')) plus.push(featureName(text, setting.slice(1)));
    else if (setting.startsWith('-')) minus.push(featureName(text, setting.slice(1)));
    else if (key === 'mitigations') mitigations = onOff(text, key, value);
    else if (!readIdentity(text, key, value, identity)) {
      switched.set(featureName(text, key), onOff(text, key, value));
    }
  }
  for (const name of plus) switched.set(name, true);
  for (const name of minus) switched.set(name, false);
  return { features: switched, identity, mitigations };
}

function readIdentity(text: string, key: string, value = '', into: Record<string, string | number>): boolean {
  if (key === 'vendor') {
    if (!/^[\x20-\x7e]{12}$/.test(value)) throw refusal(text, `vendor "${value}" is not 12 characters long`);
    into.vendor = value;
  } else if (key === 'model-id') {
    if (!/^[\x20-\x7e]{0,48}$/.test(value)) throw refusal(text, 'model-id is longer than 48 plain characters');
    into.modelId = value;
  } else if (key in NUMBERS || key === 'phys-bits') {
    const [name, least, most] = key === 'phys-bits' ? PHYS_BITS : NUMBERS[key as keyof typeof NUMBERS];
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) {
      throw refusal(text, `${key} "${value}" is not a number from ${least} to ${most}`);
    }
    into[name] = number;
  } else return false;
  return true;
}

function featureName(text: string, name: string): string {
  const feature = findFeature(name);
  if (feature) return feature.name;
  if (name === '') throw refusal(text, 'a feature name is missing');
  const near = nearestName(
    name,
    FEATURES.flatMap((feature) => [feature.name, ...feature.aliases]),
  );
  throw refusal(text, `there is no CPU feature "${name}"`, near === undefined ? undefined : `did you mean ${near}?`);
}

function onOff(text: string, key: string, value: string | undefined): boolean {
  if (value === undefined || value === 'on') return true;
  if (value === 'off') return false;
  throw refusal(text, `${key} is on or off, not "${value}"`);
}

function refusal(text: string, why: string, hint?: string): Failure {
  return new Failure('usage', 'bad-cpu', `cpu "${text}": ${why}`, hint === undefined ? {} : { hint });
}
