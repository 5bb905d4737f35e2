import * as z from 'zod/mini';
import { Failure } from '../base/failure.ts';
import { formatCpuSpec, isModelName, parseCpuSpec } from '../cpu/cpu-spec.ts';
import { quote } from './machine-name.ts';
import type { Lineage } from './versioned.ts';

export const TEMPLATE_NAME_MAX = 64;
export const TEMPLATE_CPU_MAX = 2000;

/**
 * Why `name` cannot name a template; undefined when it can. It may stand before a comma on a command line, and, in small
 * letters, as a file's name.
 */
export function whyNotTemplateName(name: string): string | undefined {
  if (name === '') return 'a template needs a name';
  if (name.length > TEMPLATE_NAME_MAX) return `a name has at most ${TEMPLATE_NAME_MAX} characters`;
  if (!/^[A-Za-z0-9]/.test(name)) return 'a name starts with a letter or a digit, of the English alphabet';
  if (!/^[A-Za-z0-9._-]*$/.test(name)) return 'a name has English letters, digits and . _ - only';
  if (isModelName(name)) return 'a CPU model is called that';
  return undefined;
}

function refused(why: string | undefined, context: { issues: unknown[]; value: unknown }): void {
  if (why !== undefined) context.issues.push({ code: 'custom', message: why, input: context.value });
}

/** A template as it is kept, and as it travels: the same document. */
const document = z.strictObject({
  kind: z.literal('cpu-template'),
  version: z.literal(1),
  name: z.string().check((context) => refused(whyNotTemplateName(context.value), context)),
  description: z.optional(
    z.string().check(
      z.maxLength(2000),
      z.refine((text) => !/[^\P{Cc}\n\t]/u.test(text), 'a description has no control characters'),
    ),
  ),
  /** `MODEL[,+flag,-flag]` of a model, never of another template. */
  cpu: z
    .string()
    .check(z.maxLength(TEMPLATE_CPU_MAX))
    .check((context) => refused(whyNotCpu(context.value), context)),
  createdAt: z.iso.datetime(),
});
export type CpuTemplate = z.infer<typeof document>;

export const templateLineage: Lineage<CpuTemplate> = {
  noun: 'CPU template',
  version: 1,
  schema: document,
  steps: {},
};

function whyNotCpu(text: string): string | undefined {
  try {
    parseCpuSpec(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export interface TemplateDraft {
  readonly name: string;
  readonly cpu: string;
  readonly description?: string | undefined;
}

/** A template in its final form; throws `usage` failures naming what is wrong. */
export function newTemplate({ name, cpu, description }: TemplateDraft, createdAt: string): CpuTemplate {
  const why = whyNotTemplateName(name);
  if (why !== undefined) throw new Failure('usage', 'bad-template-name', `CPU template ${quote(name)}: ${why}`);
  const settled = formatCpuSpec(parseCpuSpec(cpu));
  const candidate = {
    kind: 'cpu-template',
    version: 1,
    name,
    cpu: settled,
    createdAt,
    ...(description ? { description } : {}),
  };
  const result = document.safeParse(candidate);
  if (result.success) return result.data;
  const message = result.error.issues[0]?.message ?? 'not of the expected shape';
  throw new Failure('usage', 'bad-template', `CPU template ${quote(name)}: ${message}`);
}
