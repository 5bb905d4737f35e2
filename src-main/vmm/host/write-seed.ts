import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seedImage } from '../../cloud-init/seed.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import type { MachinePaths } from '../../inventory/paths.ts';

/** Writes the machine's cloud-init seed to where it runs; the image's path, undefined where it has none. */
export function writeSeed(config: MachineConfig, paths: MachinePaths): string | undefined {
  if (config.cloudInit === undefined) return undefined;
  const path = join(paths.runtime, 'seed.iso');
  writeFileSync(path, seedImage(config.cloudInit, config, new Date()), { mode: 0o600 });
  return path;
}
