import { z } from 'zod';

/** One line of `bulkhead host check`. */
export const hostCheck = z.object({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  hint: z.string().optional(),
});
export type HostCheck = z.infer<typeof hostCheck>;

/** Whether an accelerator can run ordinary guests here, in plain words. */
export const acceleratorVerdict = z.object({
  accelerator: z.enum(['kvm', 'translated']),
  usable: z.boolean(),
  detail: z.string(),
  hint: z.string().optional(),
  maxVcpus: z.number(),
});
export type AcceleratorVerdict = z.infer<typeof acceleratorVerdict>;

/** A guest that comes with the app. */
export const builtInGuest = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  minMemoryMiB: z.number(),
  recommendedMemoryMiB: z.number(),
});
export type BuiltInGuest = z.infer<typeof builtInGuest>;

/** What the wizard and the Host page must know about this computer. */
export const hostOverview = z.object({
  hostname: z.string(),
  cpuModel: z.string(),
  cpus: z.number(),
  memoryMiB: z.number(),
  memoryAvailableMiB: z.number(),
  os: z.string(),
  kernel: z.string(),
  appVersion: z.string(),
  accelerators: z.array(acceleratorVerdict),
  guests: z.array(builtInGuest),
  dataFolder: z.string(),
});
export type HostOverview = z.infer<typeof hostOverview>;
