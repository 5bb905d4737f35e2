import { type Command, Option } from 'commander';
import { Failure } from '../base/failure.ts';

/** Verbs that are designed but not in this release: refused by name, and not in any help text. */
export const LATER_COMMANDS = ['build'] as const;
export const LATER_VM_COMMANDS = ['clone', 'snapshot'] as const;

interface LaterOption {
  readonly flags: string;
  readonly instead?: string;
}

export const LATER_START_OPTIONS: readonly LaterOption[] = [{ flags: '--disposable' }];

/** Makes `command` know options of later releases, to refuse them clearly. */
export function refuseLaterOptions(command: Command, options: readonly LaterOption[]): void {
  for (const { flags, instead } of options) {
    const option = new Option(flags).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw notYet(`${path(command)}: --${option.name()}`, instead);
    });
  }
}

/** Makes `parent` know a command of later releases, to refuse it clearly. */
export function refuseLaterCommand(parent: Command, name: string): void {
  parent
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action((_options: unknown, command: Command) => {
      throw notYet(path(command));
    });
}

/** `vm start`, of a command; `bulkhead` of the program. */
export function path(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return names.join(' ') || 'bulkhead';
}

function notYet(what: string, hint?: string): Failure {
  return new Failure(
    'usage',
    'not-in-this-release',
    `${what}: not in this release`,
    hint === undefined ? {} : { hint },
  );
}
