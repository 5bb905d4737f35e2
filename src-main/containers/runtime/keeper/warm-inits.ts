import { closeSync, openSync } from 'node:fs';
import { asFailure } from '../../../base/failure.ts';
import { log } from '../../../base/log.ts';
import { type SpawnedInit, spawnInit } from '../launch/spawn-init.ts';

/**
 * Inits started ahead, each first in a PID namespace of its own: starting one takes longer than all that is done with
 * it. What it could not be born with its order names: its streams, out of the keeper's descriptors, and the mounts.
 */
export class WarmInits {
  private readonly waiting: SpawnedInit[] = [];

  constructor(private readonly wanted = 1) {}

  take(): SpawnedInit | undefined {
    for (;;) {
      const init = this.waiting.shift();
      if (init === undefined || init.listens) return init;
      init.release();
    }
  }

  /** @param leaves root file systems of containers, which are not to stay mounted for an init that waits */
  refill(leaves: readonly string[]): void {
    try {
      while (this.waiting.length < this.wanted) this.waiting.push(spawnWarm(leaves));
    } catch (error) {
      log('warn', 'no-warm-init', { reason: asFailure(error).message });
    }
  }

  dispose(): void {
    for (const init of this.waiting.splice(0)) init.kill();
  }
}

function spawnWarm(leaves: readonly string[]): SpawnedInit {
  const fd = openSync('/dev/null', 'r+');
  try {
    return spawnInit({ streams: [fd, fd, fd], pidNamespace: 'new', leaves, ahead: true });
  } finally {
    closeSync(fd);
  }
}
