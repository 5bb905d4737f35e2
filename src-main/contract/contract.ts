import { z } from 'zod';
import { appSettings } from './app.ts';
import {
  containerDetail,
  containerDraft,
  containerFilePath,
  containerFolder,
  containerId,
  containerListItem,
  containerSample,
  imageStep,
  imageSummary,
  networkDraft,
  networkPlace,
  networkSummary,
  pullStep,
  terminalItem,
  terminalMessage,
  volumeSummary,
} from './container.ts';
import { cpuCatalogue, cpuComparison, cpuSheet, cpuTemplate, cpuText, templateDraft, templateName } from './cpu.ts';
import { cdrom, diskFacts, hostPath, wantedForwards } from './hardware.ts';
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
  maxMemoryMiB,
} from './machine.ts';
import { type Call, call, type Stream, stream } from './verbs.ts';

const nothing = z.undefined();
const silent = z.never();
/** A broken machine's folder need not be named by a UUID, so what only looks or deletes takes any folder name. */
const anyId = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/) });
const oneContainer = z.strictObject({ id: containerId });
const oneFile = z.strictObject({ id: containerId, path: containerFilePath });
const imageName = z.string().trim().min(1).max(512);
/** What has become free of the disk. */
const reclaimed = z.object({ bytes: z.number() });
const named = z.strictObject({ name: z.string().min(1).max(512) });
const oneMachine = z.strictObject({ id: machineId });

/** Everything the window may ask of the main process. The schemas are the types. */
export const contract = {
  'machine.list': stream(nothing, machineListItem, silent),
  'machine.get': call(anyId, machineDetail),
  'machine.create': call(machineDraft, z.object({ id: z.string() })),
  'machine.update': call(z.strictObject({ id: machineId, patch: machinePatch }), nothing),
  /** What is in the machine's CD drive from now on, running or not. */
  'machine.changeMedium': call(z.strictObject({ id: machineId, medium: cdrom }), nothing),
  /** What the machine's user-mode network forwards, from now on, running or not. */
  'machine.setForwards': call(z.strictObject({ id: machineId, forwards: wantedForwards }), nothing),
  'machine.start': call(oneMachine, z.object({ pid: z.number(), accelerator: z.string() })),
  'machine.stop': call(oneMachine, nothing),
  'machine.kill': call(oneMachine, nothing),
  'machine.reset': call(oneMachine, nothing),
  'machine.pause': call(oneMachine, nothing),
  'machine.resume': call(oneMachine, nothing),
  /** Asks the guest to get along with so much memory; what it comes to is in `machine.stats`. */
  'machine.balloon': call(z.strictObject({ id: machineId, memoryMiB: z.int().min(1).max(maxMemoryMiB) }), nothing),
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
  'cpu.list': call(nothing, cpuCatalogue),
  'cpu.describe': call(z.strictObject({ cpu: cpuText }), cpuSheet),
  'cpu.compare': call(z.strictObject({ a: cpuText, b: cpuText }), cpuComparison),
  'cpu.templates': call(nothing, z.array(cpuTemplate)),
  'cpu.saveTemplate': call(templateDraft, cpuTemplate),
  'cpu.deleteTemplate': call(z.strictObject({ name: templateName }), nothing),
  /** Asks where to; the answer is the path, or null when the dialog was left. */
  'cpu.exportTemplate': call(z.strictObject({ name: templateName }), z.string().nullable()),
  /** Asks for the file; null when the dialog was left. */
  'cpu.importTemplate': call(nothing, cpuTemplate.nullable()),
  'container.list': stream(nothing, containerListItem, silent),
  'container.get': call(oneContainer, containerDetail),
  'container.run': call(containerDraft, z.object({ id: z.string() })),
  'container.recreate': call(z.strictObject({ id: containerId, draft: containerDraft }), z.object({ id: z.string() })),
  'container.start': call(oneContainer, nothing),
  'container.stop': call(oneContainer, nothing),
  'container.restart': call(oneContainer, nothing),
  'container.kill': call(oneContainer, nothing),
  'container.pause': call(oneContainer, nothing),
  'container.unpause': call(oneContainer, nothing),
  'container.remove': call(oneContainer, nothing),
  /** Removes every container that does not run. */
  'container.prune': call(nothing, reclaimed),
  /** Makes an image of its files as they are now. */
  'container.commit': call(z.strictObject({ id: containerId, name: imageName }), nothing),
  /** Opens a port it has published over TCP in the user's browser; others are refused. */
  'container.openPort': call(z.strictObject({ id: containerId, tcpPort: z.int().min(1).max(65535) }), nothing),
  'container.files': call(oneFile, containerFolder),
  /** Asks where to; null when the dialog was left. */
  'container.saveFile': call(oneFile, z.string().nullable()),
  /** Asks for a file of this computer and puts it into the folder; its name, or null. */
  'container.addFile': call(oneFile, z.string().nullable()),
  'container.logs': stream(oneContainer, z.object({ text: z.string() }), silent),
  'container.terminal': stream(oneContainer, terminalItem, terminalMessage),
  'container.stats': stream(oneContainer, containerSample, silent),
  'image.list': stream(nothing, z.array(imageSummary), silent),
  'image.history': call(named, z.array(imageStep)),
  'image.pull': stream(named, pullStep, silent),
  'image.push': stream(named, pullStep, silent),
  /** Asks for an archive, and takes the images out of it; ends at once when the dialog was left. */
  'image.load': stream(nothing, pullStep, silent),
  /** Asks where to, and writes the image into an archive there. */
  'image.save': stream(named, pullStep, silent),
  'image.remove': call(named, nothing),
  /** Removes every image that no container is of. */
  'image.prune': call(nothing, reclaimed),
  'volume.list': stream(nothing, z.array(volumeSummary), silent),
  'volume.create': call(named, nothing),
  'volume.remove': call(named, nothing),
  /** Removes every volume that no container has. */
  'volume.prune': call(nothing, reclaimed),
  'network.list': stream(nothing, z.array(networkSummary), silent),
  'network.create': call(networkDraft, nothing),
  'network.connect': call(networkPlace, nothing),
  'network.disconnect': call(networkPlace, nothing),
  'network.remove': call(named, nothing),
  'host.check': call(nothing, z.array(hostCheck)),
  'host.overview': call(nothing, hostOverview),
  /** Throws what is wrong with a file that is to be a disk. */
  'disk.describe': call(z.strictObject({ path: hostPath, readOnly: z.boolean() }), diskFacts),
  'dialog.pickFile': call(
    z.strictObject({ purpose: z.enum(['kernel', 'initrd', 'disk', 'cdrom']) }),
    z.string().nullable(),
  ),
  'dialog.pickFolder': call(z.strictObject({ purpose: z.enum(['share']) }), z.string().nullable()),
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
