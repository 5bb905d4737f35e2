import { z } from 'zod';
import { appSettings } from './app.ts';
import { hostCheck, hostOverview } from './host.ts';
import {
  consoleItem,
  consoleMessage,
  logSource,
  logTail,
  machineDetail,
  machineDraft,
  machineId,
  machineListItem,
  machinePatch,
  machineStatsItem,
} from './machine.ts';
import { type Call, call, type Stream, stream } from './verbs.ts';

const nothing = z.undefined();
const silent = z.never();
/** A broken machine's folder need not be named by a UUID, so what only looks or deletes takes any folder name. */
const anyId = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/) });
const oneMachine = z.strictObject({ id: machineId });

/** Everything the window may ask of the main process. The schemas are the types. */
export const contract = {
  'machine.list': stream(nothing, machineListItem, silent),
  'machine.get': call(anyId, machineDetail),
  'machine.create': call(machineDraft, z.object({ id: z.string() })),
  'machine.update': call(z.strictObject({ id: machineId, patch: machinePatch }), nothing),
  'machine.start': call(oneMachine, z.object({ pid: z.number(), accelerator: z.string() })),
  'machine.stop': call(oneMachine, nothing),
  'machine.kill': call(oneMachine, nothing),
  'machine.reset': call(oneMachine, nothing),
  'machine.pause': call(oneMachine, nothing),
  'machine.resume': call(oneMachine, nothing),
  'machine.delete': call(anyId, nothing),
  'machine.console': stream(oneMachine, consoleItem, consoleMessage),
  'machine.stats': stream(oneMachine, machineStatsItem, silent),
  'machine.log': call(
    z.strictObject({
      id: machineId,
      source: logSource,
      maxBytes: z
        .int()
        .min(1)
        .max(4 << 20),
    }),
    logTail,
  ),
  'machine.openFolder': call(anyId, nothing),
  'host.check': call(nothing, z.array(hostCheck)),
  'host.overview': call(nothing, hostOverview),
  'dialog.pickFile': call(z.strictObject({ purpose: z.enum(['kernel', 'initrd']) }), z.string().nullable()),
  'clipboard.write': call(z.strictObject({ text: z.string().max(16 << 20) }), nothing),
  'clipboard.read': call(nothing, z.string()),
  'app.settings': stream(nothing, appSettings, silent),
  'app.changeSettings': call(appSettings.partial().strict(), nothing),
} as const satisfies Record<string, Call<z.ZodType, z.ZodType> | Stream<z.ZodType, z.ZodType, z.ZodType>>;

export type Contract = typeof contract;
export type CallName = { [N in keyof Contract]: Contract[N]['verb'] extends 'call' ? N : never }[keyof Contract];
export type StreamName = { [N in keyof Contract]: Contract[N]['verb'] extends 'stream' ? N : never }[keyof Contract];

export type CallInput<N extends CallName> = z.infer<Contract[N]['input']>;
export type CallOutput<N extends CallName> = z.infer<Extract<Contract[N], { verb: 'call' }>['output']>;
export type StreamInput<N extends StreamName> = z.infer<Contract[N]['input']>;
export type StreamItem<N extends StreamName> = z.infer<Extract<Contract[N], { verb: 'stream' }>['item']>;
export type StreamMessage<N extends StreamName> = z.infer<Extract<Contract[N], { verb: 'stream' }>['message']>;
