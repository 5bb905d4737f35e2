import { z } from 'zod';
import {
  containerConfig,
  hostConfig,
  resourceLimits,
  restartPolicy,
} from '../../containers/lifecycle/container-config.ts';
import { filters, flag, flagByDefault, text, whole } from './query.ts';

export const endpointSettings = z
  .looseObject({
    Aliases: z.array(z.string()).nullish(),
    IPAMConfig: z.looseObject({ IPv4Address: z.string().nullish() }).nullish(),
    MacAddress: z.string().nullish(),
  })
  .nullish();

/** Docker API 1.47 ContainerCreate: a ContainerConfig with two members more. */
export const createBody = containerConfig.extend({
  HostConfig: hostConfig.nullish().transform((value) => value ?? hostConfig.parse({})),
  NetworkingConfig: z.looseObject({ EndpointsConfig: z.record(z.string(), endpointSettings).nullish() }).nullish(),
});

export const createQuery = z.object({ name: text, platform: text });

export const listQuery = z.object({ all: flag, limit: whole, size: flag, filters });

export const attachQuery = z.object({
  detachKeys: text,
  logs: flag,
  stream: flag,
  stdin: flag,
  stdout: flag,
  stderr: flag,
});

export const logsQuery = z.object({
  follow: flag,
  stdout: flag,
  stderr: flag,
  since: text,
  until: text,
  timestamps: flag,
  tail: text,
});

export const statsQuery = z.object({ stream: flagByDefault, 'one-shot': flag });
export const stopQuery = z.object({ t: whole, signal: text });
export const waitQuery = z.object({ condition: text });
export const removeQuery = z.object({ v: flag, force: flag, link: flag });
export const sizeQuery = z.object({ h: whole, w: whole });

/** Docker API 1.47 ContainerUpdate. */
export const updateBody = resourceLimits.partial().extend({ RestartPolicy: restartPolicy.nullish() });

const strings = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const yes = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const word = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

/** Docker API 1.47 ContainerExec. */
export const execBody = z.looseObject({
  AttachStdin: yes,
  AttachStdout: yes,
  AttachStderr: yes,
  Tty: yes,
  DetachKeys: word,
  Env: strings,
  Cmd: z
    .union([z.string(), z.array(z.string())])
    .nullish()
    .transform((value) => (typeof value === 'string' ? [value] : (value ?? []))),
  Privileged: yes,
  User: word,
  WorkingDir: word,
  ConsoleSize: z.array(z.number()).nullish(),
});

export const execStartBody = z.looseObject({ Detach: yes, Tty: yes, ConsoleSize: z.array(z.number()).nullish() });
