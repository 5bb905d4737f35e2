/** A CPU as its text says it: `MODEL[,+flag,-flag,…]`, in the short form the inventory keeps. */
export interface CpuChoice {
  model: string;
  /** Features turned on or off against the model. */
  flags: ReadonlyMap<string, boolean>;
  mitigations: boolean;
  /** Settings this window has no fields for, kept as they are. */
  rest: readonly string[];
}

/** What a machine without a CPU of its own gets. */
export const automatic = 'host';

export function readCpuText(text: string): CpuChoice {
  const [model = '', ...settings] = text.split(',');
  const flags = new Map<string, boolean>();
  const rest: string[] = [];
  for (const setting of settings) {
    if (/^[+-]/.test(setting)) flags.set(setting.slice(1), setting.startsWith('+'));
    else if (setting !== 'mitigations=on') rest.push(setting);
  }
  return { model, flags, mitigations: settings.includes('mitigations=on'), rest };
}

export function writeCpuText({ model, flags, mitigations, rest }: CpuChoice): string {
  const switched = [...flags].map(([name, on]) => `${on ? '+' : '-'}${name}`);
  return [model, ...switched, ...rest, ...(mitigations ? ['mitigations=on'] : [])].join(',');
}

/** Another model; flags are against a model, so they stay with the old one. */
export function withModel(text: string, model: string): string {
  return writeCpuText({ ...readCpuText(text), model, flags: new Map(), rest: [] });
}

/** A feature turned on or off; back to what the model has by itself, nothing is said of it any more. */
export function withFlag(text: string, feature: string, on: boolean, byModel: boolean): string {
  const choice = readCpuText(text);
  const flags = new Map(choice.flags);
  if (on === byModel) flags.delete(feature);
  else flags.set(feature, on);
  return writeCpuText({ ...choice, flags });
}

export function withoutFlag(text: string, feature: string): string {
  const choice = readCpuText(text);
  const flags = new Map(choice.flags);
  flags.delete(feature);
  return writeCpuText({ ...choice, flags });
}

export function withMitigations(text: string, mitigations: boolean): string {
  return writeCpuText({ ...readCpuText(text), mitigations });
}
