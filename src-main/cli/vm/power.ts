import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { quote } from '../../inventory/machine-name.ts';
import type { Fleet } from '../../vmm/client/fleet.ts';
import type { CliIo } from '../cli-io.ts';
import { findMachine } from './machines.ts';

type PowerVerb = 'stop' | 'kill' | 'reset' | 'pause' | 'resume' | 'wait';

const VERBS: Record<PowerVerb, { description: string; run(fleet: Fleet, id: string): Promise<unknown> }> = {
  stop: {
    description: 'press the power button: the guest shuts down, or does not',
    run: (fleet, id) => fleet.stop(id),
  },
  kill: { description: 'switch the machine off now', run: (fleet, id) => fleet.kill(id) },
  reset: { description: 'press the reset button', run: (fleet, id) => fleet.reset(id) },
  pause: { description: 'halt the machine where it is', run: (fleet, id) => fleet.pause(id) },
  resume: { description: 'let a paused machine go on', run: (fleet, id) => fleet.resume(id) },
  wait: { description: 'return once the machine is off; fails when it crashed', run: waitUntilOff },
};

export function addPowerVerbs(group: Command, io: CliIo): void {
  for (const [verb, { description, run }] of Object.entries(VERBS)) {
    group
      .command(verb)
      .description(description)
      .argument('<name>')
      .action(async (name: string) => {
        const { fleet, id } = findMachine(io, name);
        await run(fleet, id);
      });
  }
}

async function waitUntilOff(fleet: Fleet, id: string): Promise<void> {
  const { name, state, reason } = await fleet.wait(id);
  if (state === 'stopped') return;
  const why = reason === undefined ? '' : `: ${reason}`;
  throw new Failure('failed', `machine-${state}`, `machine ${quote(name)}: ${state}${why}`);
}
