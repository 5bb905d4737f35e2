import type {
  CpuCatalogue,
  CpuChange,
  CpuFeature,
  CpuGroup,
  CpuModel,
  CpuTemplate,
  X8664Level,
} from '../../../src-main/contract/cpu.ts';
import { en } from '../../locales/en.ts';
import { readCpuText } from './cpu-text.ts';

/** Something that can be picked as a CPU. */
export interface Pick {
  /** What the machine is given. */
  cpu: string;
  name: string;
  kind: 'template' | 'host' | 'model';
  detail: string;
  vendor: string;
  year: number | null;
  level: X8664Level | null;
  fit: Fit;
  /** Other names it is found by. */
  also: readonly string[];
}

export type Fit = { kind: 'runs' } | { kind: 'lacks'; count: number } | { kind: 'emulated' } | { kind: 'unknown' };

export interface PickFilter {
  text: string;
  vendor: string;
  level: string;
  year: string;
  fitsOnly: boolean;
}

export const noFilter: PickFilter = { text: '', vendor: '', level: '', year: '', fitsOnly: false };

export const vendors = ['Intel', 'AMD', 'Hygon', 'Zhaoxin'] as const;

export function vendorName(vendor: string): string {
  const names: Record<string, string> = {
    GenuineIntel: 'Intel',
    AuthenticAMD: 'AMD',
    HygonGenuine: 'Hygon',
    '  Shanghai  ': 'Zhaoxin',
  };
  return names[vendor] ?? vendor.trim();
}

export function fitOf(model: CpuModel | undefined, known: boolean): Fit {
  if (!known || model === undefined) return { kind: 'unknown' };
  if (model.missing.length > 0) return { kind: 'lacks', count: model.missing.length };
  return { kind: model.limits.length > 0 ? 'emulated' : 'runs' };
}

/** Everything to pick from: one's own first, then what is made from this host, then models, the newest first. */
export function picksOf(catalogue: CpuCatalogue, templates: readonly CpuTemplate[]): Pick[] {
  const known = catalogue.host !== null;
  const byName = new Map(
    catalogue.models.flatMap((model) => [model.name, ...model.aliases].map((name) => [name, model])),
  );
  const own = templates.flatMap(({ name, cpu, description }): Pick[] => {
    if (cpu === undefined) return [];
    const base = byName.get(readCpuText(cpu).model);
    const { vendor = '', year = null, level = null } = base ?? {};
    return [
      {
        cpu,
        name,
        kind: 'template',
        detail: description ?? cpu,
        vendor,
        year,
        level,
        fit: { kind: 'unknown' },
        also: [cpu],
      },
    ];
  });
  const made = (name: string) => pickOf(byName.get(name) ?? hostStandIn(name), 'host', known);
  const named = catalogue.models
    .filter(({ name }) => name !== 'host' && name !== 'host-model')
    .map((model) => pickOf(model, 'model', known))
    .sort((a, b) => (b.year ?? 0) - (a.year ?? 0) || a.name.localeCompare(b.name, 'en', { numeric: true }));
  return [...own, made('host'), made('host-model'), ...named];
}

/** The host models where the host could not be asked: they can be chosen for a machine all the same. */
function hostStandIn(name: string): CpuModel {
  const empty = {
    aliases: [],
    vendor: '',
    year: null,
    level: null,
    source: '',
    runnable: false,
    missing: [],
    limits: [],
  };
  return { ...empty, name, description: name === 'host' ? en.cpu.hostText : en.cpu.hostModelText };
}

function pickOf(model: CpuModel, kind: Pick['kind'], known: boolean): Pick {
  const { name, description, vendor, year, level, aliases } = model;
  return { cpu: name, name, kind, detail: description, vendor, year, level, fit: fitOf(model, known), also: aliases };
}

export function filterPicks(picks: readonly Pick[], { text, vendor, level, year, fitsOnly }: PickFilter): Pick[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return picks.filter((pick) => {
    const all = [pick.name, pick.detail, vendorName(pick.vendor), `${pick.year ?? ''}`, ...pick.also]
      .join(' ')
      .toLowerCase();
    return (
      words.every((word) => all.includes(word)) &&
      (vendor === '' || vendorName(pick.vendor) === vendor) &&
      (level === '' || pick.level === level) &&
      (year === '' || (pick.year ?? 0) >= Number(year)) &&
      (!fitsOnly || pick.fit.kind === 'runs')
    );
  });
}

/** Which of them a CPU is: a template word for word, or the model it starts from. */
export function pickedOf(cpu: string, picks: readonly Pick[]): Pick | undefined {
  const { model } = readCpuText(cpu);
  const isModel = (pick: Pick): boolean =>
    pick.kind !== 'template' && (pick.name === model || pick.also.includes(model));
  return picks.find((pick) => pick.kind === 'template' && pick.cpu === cpu) ?? picks.find(isModel);
}

export function levelName(level: X8664Level | null): string {
  return level === null ? en.cpu.belowV1 : `x86-64-${level}`;
}

export function fitText(fit: Fit): string {
  if (fit.kind === 'lacks') return en.cpu.fit.lacks(fit.count);
  return en.cpu.fit[fit.kind];
}

/** What a change comes to, in sentences; the last one says so if there is nothing more. */
export function consequences(change: CpuChange): string[] {
  const said: string[] = [];
  if (change.needs !== null) said.push(en.cpu.change.needs(change.needs));
  else if (change.idle) said.push(en.cpu.change.idle);
  if (change.lost.length > 0) said.push(en.cpu.change.lost(listed(change.lost)));
  if (change.brought.length > 0) said.push(en.cpu.change.brought(listed(change.brought)));
  if (change.levelBefore !== change.levelAfter) {
    said.push(en.cpu.change.level(levelName(change.levelBefore), levelName(change.levelAfter)));
  }
  if (change.missingHere) said.push(en.cpu.change.missing);
  return said.length === 0 ? [en.cpu.change.alone] : said;
}

function listed(names: readonly string[]): string {
  const few = names.slice(0, 6).join(', ');
  return names.length > 6 ? en.cpu.change.andMore(few, names.length - 6) : few;
}

/** Whether the guest does not get what is wanted, gets what it cannot use, or a person changed it. */
export function differs({ wants, gets, asked, why }: CpuFeature): boolean {
  return asked !== null || why !== null || (gets !== null && gets !== wants);
}

export type Show = 'all' | 'wanted' | 'different';

/** The groups with the features that are to be seen; empty ones go. */
export function filterGroups(groups: readonly CpuGroup[], text: string, show: Show): CpuGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return groups.flatMap((group) => {
    const features = group.features.filter((feature) => {
      if (show === 'wanted' && !feature.wants && feature.asked === null) return false;
      if (show === 'different' && !differs(feature)) return false;
      const all = `${feature.name} ${feature.explanation} ${group.place} ${group.title}`.toLowerCase();
      return words.every((word) => all.includes(word));
    });
    return features.length === 0 ? [] : [{ ...group, features }];
  });
}

/** Groups few people look into are closed until someone asks for them. */
export function opensAtFirst({ place, features }: CpuGroup): boolean {
  return features.some(differs) || (/^CPUID (1|7|8000000[18])\b/.test(place) && features.some(({ wants }) => wants));
}
