import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { Failure } from '../../../base/failure.ts';
import { IO_PRIORITY_CLASSES, SCHEDULING_FLAGS, SCHEDULING_POLICIES } from '../../../linux/scheduling.ts';
import { linux, type Resources, resources } from './linux.ts';

/**
 * A bundle's config.json: OCI runtime 1.2 config. Members the document does not know are dropped; those it knows and
 * this runtime does not act on are kept for `supported.ts` to refuse.
 */

z.config(en());

const u32 = z.int().check(z.minimum(0), z.maximum(0xffff_ffff));
const text = z.string();
const many = <T extends z.ZodMiniType>(item: T) => z._default(z.nullable(z.array(item)), null);
const whole = z.number().check(z.refine((value) => Number.isInteger(value), 'a whole number is expected'));
/** No file system path, no environment and no argument holds a zero byte. */
const cText = text.check(z.refine((value) => !value.includes('\0'), 'a zero byte is not allowed'));

/** `0-3,7`; empty is as if it were left out. */
const cpuList = text.check(z.regex(/^(\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*)?$/, 'CPUs like 0-3,7 are expected'));
const time = z.int().check(z.minimum(0));
const namesOf = <T extends string>(table: Readonly<Record<T, unknown>>): T[] => Object.keys(table) as T[];

const mapping = z.object({ containerID: u32, hostID: u32, size: u32 });

const mount = z.object({
  destination: cText.check(z.minLength(1)),
  type: z.optional(cText),
  source: z.optional(cText),
  options: many(cText),
  uidMappings: many(mapping),
  gidMappings: many(mapping),
});
export type Mount = z.infer<typeof mount>;

const capabilities = z.object({
  bounding: many(text),
  effective: many(text),
  inheritable: many(text),
  permitted: many(text),
  ambient: many(text),
});
export type CapabilitySets = z.infer<typeof capabilities>;

const processSchema = z.object({
  terminal: z._default(z.boolean(), false),
  consoleSize: z.optional(z.nullable(z.object({ height: u32, width: u32 }))),
  cwd: cText.check(z.regex(/^\//, 'an absolute path is expected')),
  env: many(cText),
  args: z.array(cText).check(z.minLength(1)),
  commandLine: z.optional(text),
  user: z._default(
    z.object({
      username: z.optional(text),
      uid: z._default(u32, 0),
      gid: z._default(u32, 0),
      umask: z.optional(u32),
      additionalGids: many(u32),
    }),
    { uid: 0, gid: 0, additionalGids: null },
  ),
  rlimits: many(z.object({ type: text, soft: whole, hard: whole })),
  capabilities: z.optional(z.nullable(capabilities)),
  noNewPrivileges: z._default(z.boolean(), false),
  apparmorProfile: z.optional(text),
  selinuxLabel: z.optional(text),
  oomScoreAdj: z.optional(z.nullable(z.int().check(z.minimum(-1000), z.maximum(1000)))),
  scheduler: z.optional(
    z.nullable(
      z.object({
        policy: z.enum(namesOf(SCHEDULING_POLICIES)),
        nice: z._default(z.int().check(z.minimum(-20), z.maximum(19)), 0),
        priority: z._default(z.int().check(z.minimum(0), z.maximum(99)), 0),
        flags: many(z.enum(namesOf(SCHEDULING_FLAGS))),
        /** Nanoseconds, of the deadline policy; so the next two. */
        runtime: z._default(time, 0),
        deadline: z._default(time, 0),
        period: z._default(time, 0),
      }),
    ),
  ),
  ioPriority: z.optional(
    z.nullable(
      z.object({
        class: z.enum(namesOf(IO_PRIORITY_CLASSES)),
        priority: z.int().check(z.minimum(0), z.maximum(7)),
      }),
    ),
  ),
  execCPUAffinity: z.optional(z.nullable(z.object({ initial: z.optional(cpuList), final: z.optional(cpuList) }))),
});
export type ProcessSpec = z.infer<typeof processSchema>;
export type ProcessInput = z.input<typeof processSchema>;

const hook = z.object({
  path: cText.check(z.regex(/^\//, 'an absolute path is expected')),
  args: many(cText),
  env: many(cText),
  /** Seconds. */
  timeout: z.optional(z.int().check(z.positive())),
});
export type Hook = z.infer<typeof hook>;

export const HOOK_STAGES = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
export type HookStage = (typeof HOOK_STAGES)[number];
const hooks = z.partialRecord(z.enum(HOOK_STAGES), z.nullable(z.array(hook)));

const spec = z.object({
  ociVersion: text.check(z.regex(/^1\.\d+\.\d+/, 'a version 1 of the specification is expected')),
  root: z.object({ path: cText, readonly: z._default(z.boolean(), false) }),
  process: z.optional(processSchema),
  hostname: z.optional(cText),
  domainname: z.optional(cText),
  mounts: many(mount),
  hooks: z.optional(z.nullable(hooks)),
  annotations: z._default(z.nullable(z.record(text, text)), null),
  linux: z._default(linux, z.parse(linux, {})),
  windows: z.optional(z.unknown()),
  solaris: z.optional(z.unknown()),
  freebsd: z.optional(z.unknown()),
  vm: z.optional(z.unknown()),
  zos: z.optional(z.unknown()),
});
export type Spec = z.infer<typeof spec>;
/** A configuration as its author writes it: what the document leaves optional may be left out. */
export type SpecInput = z.input<typeof spec>;

/** A configuration from outside, checked; throws `usage` with what is wrong and where. */
export function parseSpec(value: unknown): Spec {
  return checked('config.json', spec, value);
}

export function parseProcess(value: unknown): ProcessSpec {
  return checked('process', processSchema, value);
}

export function parseResources(value: unknown): Resources {
  return checked('resources', resources, value);
}

function checked<T>(what: string, schema: z.ZodMiniType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));
  throw new Failure('usage', 'bad-spec', `${what}: ${issues.join('; ').replace(/\s+/g, ' ')}`);
}
