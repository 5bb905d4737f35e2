import { Command, type CommanderError } from 'commander';
import { Failure } from '../base/failure.ts';
import { version } from '../vmm/host/version.ts';
import type { CliIo } from './cli-io.ts';
import { EndedWith } from './ended-with.ts';
import { DOCKER_VERBS } from './engine/verb-names.ts';
import { LATER_COMMANDS, path, refuseLaterCommand } from './later.ts';
import { reportError } from './report.ts';

type AddVerbs = (group: Command, io: CliIo, verb: string | undefined) => void | Promise<void>;

/** Groups of verbs; each is loaded when it is used. */
const GROUPS: Record<string, { description: string; load(): Promise<AddVerbs> }> = {
  vm: {
    description: 'virtual machines: create, start, talk to, delete',
    load: async () => (await import('./vm/vm-group.ts')).addVmVerbs,
  },
  engine: {
    description: 'the container engine: start it, look at it, end it',
    load: async () => (await import('./engine/engine-group.ts')).addEngineVerbs,
  },
  volume: {
    description: 'folders that outlive containers',
    load: async () => (await import('./engine/volumes.ts')).addVolumeVerbs,
  },
  network: {
    description: 'networks in which containers find each other',
    load: async () => (await import('./engine/networks.ts')).addNetworkVerbs,
  },
  system: {
    description: 'what containers take of this computer, and what can go',
    load: async () => (await import('./engine/system.ts')).addSystemVerbs,
  },
  host: {
    description: 'this computer: what it can run',
    load: async () => (await import('./host-group.ts')).addHostVerbs,
  },
  disk: {
    description: 'disk images: create, look at, check, convert, enlarge',
    load: async () => (await import('./disk/disk-group.ts')).addDiskVerbs,
  },
  cpu: {
    description: 'CPU models: what they have, and what this computer can run of them',
    load: async () => (await import('./cpu-group.ts')).addCpuVerbs,
  },
};

/** What ended the parser when it has nothing more to do: the text is out already. */
const SHOWN = new Set(['commander.helpDisplayed', 'commander.version']);

/** Runs one command line, without the program's name; the exit status. Never throws, never exits. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const program = await buildProgram(argv, io);
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof Shown || error instanceof EndedWith) return error.status;
    return reportError(io, error);
  }
}

/** Help or a version was shown, and that was all there was to do. */
class Shown extends Error {
  constructor(readonly status: number) {
    super('shown');
  }
}

async function buildProgram(argv: readonly string[], io: CliIo): Promise<Command> {
  const program = new Command('bulkhead')
    .description('Virtual machines and containers on Linux, by their own engines.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help')
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
    });
  for (const [name, { description, load }] of Object.entries(GROUPS)) {
    const group = program.command(name).description(description);
    const at = argv.indexOf(name);
    if (at >= 0) await (await load())(group, io, argv[at + 1]);
  }
  const asksForHelp = argv.length === 0 || ['-h', '--help', 'help'].includes(argv[0] ?? '');
  if (asksForHelp || DOCKER_VERBS.includes(argv[0] ?? '')) {
    (await import('./engine/docker-verbs.ts')).addDockerVerbs(program, io);
  }
  for (const name of LATER_COMMANDS) refuseLaterCommand(program, name);
  failAsOurselves(program);
  return program;
}

/** The parser's complaints become usage failures that name the command. */
function failAsOurselves(command: Command): void {
  command.exitOverride((error) => {
    if (SHOWN.has(error.code)) throw new Shown(0);
    // Shown on stderr, as there was no verb to go on with.
    if (error.code === 'commander.help') throw new Shown(error.exitCode === 0 ? 0 : 2);
    throw usageFailure(command, error);
  });
  for (const child of command.commands) failAsOurselves(child);
}

function usageFailure(command: Command, error: CommanderError): Failure {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? `\`bulkhead ${path(command)} --help\` shows how`;
  return new Failure('usage', 'usage', `${path(command)}: ${message.replace(/\.$/, '')}`, {
    hint: hint.replace('bulkhead bulkhead', 'bulkhead'),
  });
}
