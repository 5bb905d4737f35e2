import { z } from 'zod';

/** `MODEL[,+flag,-flag]`, as `--cpu` takes it. */
export const cpuText = z.string().min(1).max(2000);

/** Lists of the engine's, which nobody changes. */
function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).readonly();
}

const level = z.enum(['v1', 'v2', 'v3', 'v4']).nullable();
export type X8664Level = z.infer<typeof level>;

/** One model or version of it, with what of it this host can run: a line of `cpu list --json`. */
export const cpuModel = z.object({
  name: z.string(),
  aliases: listOf(z.string()),
  vendor: z.string(),
  year: z.number().nullable(),
  level,
  description: z.string(),
  source: z.string(),
  runnable: z.boolean(),
  missing: listOf(z.string()),
  limits: listOf(z.string()),
});
export type CpuModel = z.infer<typeof cpuModel>;

/** Every model. Without a `host` its fit is not known, for the reason given. */
export const cpuCatalogue = z.object({
  host: z.object({ name: z.string(), hardwareVirtualization: z.boolean() }).nullable(),
  reason: z.string().nullable(),
  models: listOf(cpuModel),
});
export type CpuCatalogue = z.infer<typeof cpuCatalogue>;

/** A feature in three columns; `has` and `gets` are null where the host could not be asked. */
export const cpuFeature = z.object({
  name: z.string(),
  leaf: z.string(),
  bits: listOf(z.number()),
  explanation: z.string(),
  source: z.string(),
  wants: z.boolean(),
  has: z.boolean().nullable(),
  gets: z.boolean().nullable(),
  /** Whether the model has it before the person's own flags. */
  byModel: z.boolean(),
  /** What the person said of it, if anything. */
  asked: z.boolean().nullable(),
  why: z.string().nullable(),
});
export type CpuFeature = z.infer<typeof cpuFeature>;

export const cpuGroup = z.object({ place: z.string(), title: z.string(), features: listOf(cpuFeature) });
export type CpuGroup = z.infer<typeof cpuGroup>;

/** What one of the person's own flags comes to; the shape of `CpuChange` in cpu/cpu-changes.ts. */
export const cpuChange = z.object({
  feature: z.string(),
  on: z.boolean(),
  idle: z.boolean(),
  needs: z.string().nullable(),
  lost: listOf(z.string()),
  brought: listOf(z.string()),
  levelBefore: level,
  levelAfter: level,
  missingHere: z.boolean().nullable(),
});
export type CpuChange = z.infer<typeof cpuChange>;

const reason = z.object({ feature: z.string(), why: z.string() });

/** Everything about one CPU for a person who chooses and changes it. */
export const cpuSheet = z.object({
  name: z.string(),
  vendor: z.string(),
  year: z.number().nullable(),
  level,
  levelHere: level,
  description: z.string(),
  source: z.string(),
  runnable: z.boolean(),
  family: z.number(),
  model: z.number(),
  stepping: z.number(),
  modelId: z.string(),
  missing: listOf(reason),
  limits: listOf(reason),
  groups: listOf(cpuGroup),
  changes: listOf(cpuChange),
  preset: listOf(z.string()),
  mitigations: z.boolean(),
});
export type CpuSheet = z.infer<typeof cpuSheet>;

export const cpuComparison = z.object({
  a: z.string(),
  b: z.string(),
  differences: listOf(z.object({ name: z.string(), a: z.string(), b: z.string(), explanation: z.string() })),
});
export type CpuComparison = z.infer<typeof cpuComparison>;

export const templateName = z.string().max(200);

/** A CPU under a name of one's own. One whose file cannot be read has `broken` and no `cpu`. */
export const cpuTemplate = z.object({
  name: z.string(),
  cpu: z.string().optional(),
  description: z.string().optional(),
  broken: z.string().optional(),
});
export type CpuTemplate = z.infer<typeof cpuTemplate>;

export const templateDraft = z.strictObject({
  name: templateName,
  cpu: cpuText,
  description: z.string().max(2000).optional(),
  /** Instead of one of that name. */
  replace: z.boolean(),
});
