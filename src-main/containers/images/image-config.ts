import * as z from 'zod/mini';

const strings = z.nullish(z.array(z.string()));
const set = z.nullish(z.record(z.string(), z.looseObject({})));

/** Docker API 1.47 HealthConfig; times in nanoseconds. */
const healthcheck = z.looseObject({
  Test: strings,
  Interval: z.nullish(z.number()),
  Timeout: z.nullish(z.number()),
  StartPeriod: z.nullish(z.number()),
  StartInterval: z.nullish(z.number()),
  Retries: z.nullish(z.number()),
});

/** What a container of the image runs with, OCI image 1.1 config.md `config`, and Docker's additions to it. */
const runConfig = z.looseObject({
  User: z.nullish(z.string()),
  ExposedPorts: set,
  Env: strings,
  Entrypoint: strings,
  Cmd: strings,
  Volumes: set,
  WorkingDir: z.nullish(z.string()),
  Labels: z.nullish(z.record(z.string(), z.string())),
  StopSignal: z.nullish(z.string()),
  Healthcheck: z.nullish(healthcheck),
  Shell: strings,
  OnBuild: strings,
});

const historyEntry = z.looseObject({
  created: z.optional(z.string()),
  created_by: z.optional(z.string()),
  author: z.optional(z.string()),
  comment: z.optional(z.string()),
  empty_layer: z.optional(z.boolean()),
});

/** OCI image 1.1 config.md: the JSON whose digest is the image's id. Unknown members are kept. */
export const imageConfig = z.looseObject({
  created: z.nullish(z.string()),
  author: z.nullish(z.string()),
  architecture: z.string(),
  os: z.string(),
  variant: z.nullish(z.string()),
  config: z.nullish(runConfig),
  rootfs: z.looseObject({ type: z.string(), diff_ids: z.nullish(z.array(z.string())) }),
  history: z.nullish(z.array(historyEntry)),
});

export type ImageConfig = z.infer<typeof imageConfig>;
export type RunConfig = z.infer<typeof runConfig>;
export type HistoryEntry = z.infer<typeof historyEntry>;
