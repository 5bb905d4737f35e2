import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../base/failure.ts';
import { quote } from './machine-name.ts';
import { describeIssues } from './versioned.ts';

const guestFile = z.object({
  name: z.string(),
  description: z.string(),
  /** File names beside guest.json. */
  kernel: z.string(),
  initrd: z.optional(z.string()),
  cmdline: z.string(),
  minMemoryMiB: z.int().check(z.positive()),
  recommendedMemoryMiB: z.int().check(z.positive()),
});

/** A guest that comes with Bulkhead; `kernel` and `initrd` are full paths. */
export type BuiltInGuest = z.infer<typeof guestFile> & { readonly id: string };

/** The folder of what ships beside the code: `resources/` in a clone, `bulkhead/` among the packed app's resources. */
export function resourcesDir(): string {
  const { resourcesPath } = process as { resourcesPath?: string };
  const packed = resourcesPath === undefined ? undefined : join(resourcesPath, 'bulkhead');
  if (packed !== undefined && existsSync(packed)) return packed;
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'resources', 'guests'))) return join(folder, 'resources');
    if (existsSync(join(folder, 'bulkhead', 'guests'))) return join(folder, 'bulkhead');
  }
  throw new Failure('host', 'resources-missing', 'resources: the folder that ships with Bulkhead is missing', {
    hint: 'install Bulkhead again',
  });
}

export function builtInGuests(folder = resourcesDir()): string[] {
  const guests = join(folder, 'guests');
  return readdirSync(guests).filter((id) => existsSync(join(guests, id, 'guest.json')));
}

/** The built-in guest `id`; throws when there is none of that name, or its files are damaged. */
export function builtInGuest(id: string, folder = resourcesDir()): BuiltInGuest {
  const known = builtInGuests(folder);
  if (!known.includes(id)) {
    const hint =
      known.length === 0 ? 'this build ships no guests' : `guests that come with Bulkhead: ${known.join(', ')}`;
    throw new Failure('usage', 'unknown-guest', `guest ${quote(id)}: there is none of that name`, { hint });
  }
  const home = join(folder, 'guests', id);
  const parsed = guestFile.safeParse(JSON.parse(readFileSync(join(home, 'guest.json'), 'utf8')));
  if (!parsed.success) {
    const message = `guest ${quote(id)}: its guest.json is damaged: ${describeIssues(parsed.error.issues)}`;
    throw new Failure('host', 'guest-damaged', message, { hint: 'install Bulkhead again' });
  }
  const { kernel, initrd, ...rest } = parsed.data;
  return { ...rest, id, kernel: join(home, kernel), ...(initrd === undefined ? {} : { initrd: join(home, initrd) }) };
}
