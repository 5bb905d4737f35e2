import type { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { LATER_VM_COMMANDS, refuseLaterCommand } from '../later.ts';

type Add = (group: Command, io: CliIo) => void;

/** Files of verbs, in the order of the help. Each is loaded when one of its verbs is used, or none that is known. */
const FILES: readonly { readonly verbs: readonly string[]; load(): Promise<Add> }[] = [
  { verbs: ['create'], load: async () => (await import('./create.ts')).addCreate },
  { verbs: ['list', 'ls'], load: async () => (await import('./list.ts')).addList },
  { verbs: ['show'], load: async () => (await import('./show.ts')).addShow },
  { verbs: ['set'], load: async () => (await import('./set.ts')).addSet },
  { verbs: ['start'], load: async () => (await import('./start.ts')).addStart },
  {
    verbs: ['stop', 'kill', 'reset', 'pause', 'resume', 'wait'],
    load: async () => (await import('./power.ts')).addPowerVerbs,
  },
  { verbs: ['console'], load: async () => (await import('./console.ts')).addConsole },
  { verbs: ['log'], load: async () => (await import('./log.ts')).addLog },
  { verbs: ['send'], load: async () => (await import('./send.ts')).addSend },
  { verbs: ['stats'], load: async () => (await import('./stats.ts')).addStats },
  { verbs: ['balloon'], load: async () => (await import('./balloon.ts')).addBalloon },
  { verbs: ['forward'], load: async () => (await import('./forward.ts')).addForward },
  { verbs: ['delete', 'rm'], load: async () => (await import('./delete.ts')).addDelete },
];

/** @param verb the one that is used, if that is known */
export async function addVmVerbs(group: Command, io: CliIo, verb: string | undefined): Promise<void> {
  const used = FILES.filter(({ verbs }) => verb !== undefined && verbs.includes(verb));
  const files = await Promise.all((used.length > 0 ? used : FILES).map(({ load }) => load()));
  for (const add of files) add(group, io);
  if (used.length === 0) for (const name of LATER_VM_COMMANDS) refuseLaterCommand(group, name);
}
