import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where docker(1) and its daemon are told about registries: for this computer, and for an ordinary user. */
export function dockerFolders(): readonly [string, string] {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return ['/etc/docker', join(config, 'docker')];
}
