import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../base/failure.ts';
import type { TemplateEntry } from '../inventory/cpu-template-store.ts';
import { quote } from '../inventory/machine-name.ts';
import { type CliIo, printJson, printLine, write } from './cli-io.ts';
import { openTemplates } from './cpu-names.ts';
import { type Column, table } from './text.ts';

const COLUMNS: readonly Column<TemplateEntry>[] = [
  { title: 'NAME', text: (entry) => (entry.kind === 'ok' ? entry.template.name : entry.name) },
  {
    title: 'CPU',
    text: (entry) => (entry.kind === 'ok' ? entry.template.cpu : `broken: ${entry.reason}`),
    colour: ({ kind }) => (kind === 'ok' ? undefined : 'red'),
  },
  {
    title: 'DESCRIPTION',
    text: (entry) => (entry.kind === 'ok' ? (entry.template.description ?? '').replace(/\s+/g, ' ') : ''),
  },
];

interface JsonOption {
  readonly json?: boolean;
}

/** CPUs under names of one's own. */
export function addTemplateVerbs(group: Command, io: CliIo): void {
  group
    .command('templates')
    .description('your own CPUs, to be named as --cpu NAME')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: JsonOption) => {
      const entries = openTemplates(io).list();
      if (json) return printJson(io.stdout, entries.map(listed));
      if (entries.length === 0) return printLine(io.stderr, 'no CPU templates yet: make one with `bulkhead cpu save`');
      await write(io.stdout, table(io, entries, COLUMNS));
    });
  addSave(group, io);
  addExport(group, io);
  addImport(group, io);
  group
    .command('delete')
    .argument('<name>')
    .description('delete a template; machines made with it keep their CPU')
    .action(async (name: string) => {
      openTemplates(io).remove(name);
      await printLine(io.stdout, `CPU template ${quote(name)}: deleted; machines made with it keep their CPU`);
    });
}

function listed(entry: TemplateEntry) {
  if (entry.kind === 'broken') return { name: entry.name, broken: entry.reason, path: entry.path };
  const { name, cpu, description, createdAt } = entry.template;
  return { name, cpu, ...(description === undefined ? {} : { description }), createdAt };
}

function addSave(group: Command, io: CliIo): void {
  group
    .command('save')
    .argument('<name>', 'English letters, digits and . _ -')
    .argument('<cpu>', 'MODEL[,+flag,-flag] or another template')
    .description('keep a CPU under a name of your own')
    .option('--description <text>', 'a note to show with it')
    .option('--replace', 'instead of the one of that name')
    .option('--json', 'print the template as one JSON document')
    .action(async (name: string, cpu: string, options: JsonOption & { description?: string; replace?: boolean }) => {
      const { description, replace = false, json } = options;
      const template = openTemplates(io).save({ name, cpu, description }, { replace });
      if (json) return printJson(io.stdout, template);
      await printLine(io.stdout, `CPU template ${quote(template.name)}: saved as ${template.cpu}`);
    });
}

function addExport(group: Command, io: CliIo): void {
  group
    .command('export')
    .argument('<name>')
    .argument('[file]', 'where to write it (default: standard output)')
    .description('a template as a JSON document for another computer')
    .option('--force', 'write over a file that is there')
    .action(async (name: string, file: string | undefined, { force = false }: { force?: boolean }) => {
      const text = openTemplates(io).exported(name);
      if (file === undefined) return write(io.stdout, text);
      const path = resolve(io.cwd, file);
      if (!force && existsSync(path)) {
        throw new Failure('state', 'file-exists', `${path}: is there already`, { hint: '--force writes over it' });
      }
      writeFile(path, text);
    });
}

function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Failure('host', 'write-failed', `${path}: cannot be written: ${(error as Error).message}`);
  }
}

function addImport(group: Command, io: CliIo): void {
  group
    .command('import')
    .argument('<file>', 'what `cpu export` wrote')
    .description('keep a template somebody exported')
    .option('--as <name>', 'under another name')
    .option('--replace', 'instead of the one of that name')
    .action(async (file: string, options: { as?: string; replace?: boolean }) => {
      const template = openTemplates(io).import(resolve(io.cwd, file), options);
      await printLine(io.stdout, `CPU template ${quote(template.name)}: saved as ${template.cpu}`);
    });
}
