import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../base/failure.ts';
import { type CpuSpec, type CpuTemplates, formatCpuSpec, parseCpuSpec } from '../cpu/cpu-spec.ts';
import { sweepLeftovers, syncFolder, writeFailure, writeFileAtomically } from './atomic-file.ts';
import {
  type CpuTemplate,
  newTemplate,
  type TemplateDraft,
  templateLineage,
  whyNotTemplateName,
} from './cpu-template.ts';
import { lockTemplates } from './machine-lock.ts';
import { quote } from './machine-name.ts';
import type { BulkheadPaths } from './paths.ts';
import { readVersioned } from './versioned.ts';

export type TemplateEntry =
  | { readonly kind: 'ok'; readonly template: CpuTemplate }
  | { readonly kind: 'broken'; readonly name: string; readonly path: string; readonly reason: string };

const EXTENSION = '.json';
const MAX_BYTES = 64 << 10;
const MAX_TEMPLATES = 1000;

export interface SaveOptions {
  /** Instead of one of that name; otherwise such a one makes it fail. */
  readonly replace?: boolean;
}

/** CPUs people have named, one file each. Changes are atomic and under a lock; reading needs none. */
export class CpuTemplateStore implements CpuTemplates {
  private readonly folder: string;

  constructor(paths: BulkheadPaths) {
    this.folder = paths.cpuTemplates;
  }

  /** Every template, by name. */
  list(): TemplateEntry[] {
    return this.keys().map((key) => this.read(key)!);
  }

  /** What a template stands for; undefined when there is none of that name. Throws `state` when its file is broken. */
  find(name: string): CpuSpec | undefined {
    if (whyNotTemplateName(name) !== undefined) return undefined;
    const entry = this.read(keyOf(name));
    return entry && parseCpuSpec(intact(entry).cpu);
  }

  names(): readonly string[] {
    return this.list().flatMap((entry) => (entry.kind === 'ok' ? [entry.template.name] : []));
  }

  /** The template of that name; throws `not-found`, or `state` when its file is broken. */
  get(name: string): CpuTemplate {
    const entry = whyNotTemplateName(name) === undefined ? this.read(keyOf(name)) : undefined;
    if (entry === undefined) throw noSuchTemplate(name);
    return intact(entry);
  }

  /** Keeps a CPU under a name. What is named in `cpu` may be a template itself: its meaning of today is kept. */
  save(draft: TemplateDraft, { replace = false }: SaveOptions = {}): CpuTemplate {
    const cpu = formatCpuSpec(parseCpuSpec(draft.cpu, this));
    const template = newTemplate({ ...draft, cpu }, new Date().toISOString());
    this.keep(template, replace);
    return template;
  }

  /** Throws `not-found`. A broken one goes too. Machines made with it keep their CPU. */
  remove(name: string): void {
    if (whyNotTemplateName(name) !== undefined || this.read(keyOf(name)) === undefined) throw noSuchTemplate(name);
    this.locked(() => {
      rmSync(this.pathOf(keyOf(name)), { force: true });
      syncFolder(this.folder);
    });
  }

  /** The document another Bulkhead imports. */
  exported(name: string): string {
    return serialise(this.get(name));
  }

  /** Keeps the template in a file of anyone's, under its own name or `as`. */
  import(path: string, { as, replace = false }: SaveOptions & { readonly as?: string } = {}): CpuTemplate {
    const text = readLimited(path);
    const read = 'broken' in text ? text : readVersioned(text.value, templateLineage);
    if ('broken' in read) {
      throw new Failure('usage', 'bad-template-file', `${path}: is no CPU template: ${read.broken}`, {
        hint: '`bulkhead cpu export` writes such files',
      });
    }
    const { name, cpu, description } = read.value;
    return this.save({ name: as ?? name, cpu, description }, { replace });
  }

  private keep(template: CpuTemplate, replace: boolean): void {
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw writeFailure(this.folder, error);
    }
    this.locked(() => {
      const key = keyOf(template.name);
      const keys = this.keys();
      if (keys.includes(key) && !replace) throw taken(template.name);
      if (!keys.includes(key) && keys.length >= MAX_TEMPLATES) throw tooMany();
      sweepLeftovers(this.folder);
      writeFileAtomically(this.pathOf(key), serialise(template));
    });
  }

  private locked(change: () => void): void {
    const lock = lockTemplates(this.folder);
    try {
      change();
    } finally {
      lock.dispose();
    }
  }

  private keys(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((file) => file.endsWith(EXTENSION))
        .map((file) => file.slice(0, -EXTENSION.length))
        .filter((key) => key === keyOf(key) && whyNotTemplateName(key) === undefined)
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  private read(key: string): TemplateEntry | undefined {
    const path = this.pathOf(key);
    const text = readLimited(path);
    const broken = (reason: string): TemplateEntry => ({ kind: 'broken', name: key, path, reason });
    if ('broken' in text) return text.missing ? undefined : broken(text.broken);
    const read = readVersioned(text.value, templateLineage);
    if ('broken' in read) return broken(read.broken);
    if (keyOf(read.value.name) !== key) return broken(`it is called ${quote(read.value.name)} inside`);
    return { kind: 'ok', template: read.value };
  }

  private pathOf(key: string): string {
    return join(this.folder, `${key}${EXTENSION}`);
  }
}

/** Names with the same key are the same to a person; also the file's name. */
function keyOf(name: string): string {
  return name.toLowerCase();
}

function serialise(template: CpuTemplate): string {
  return `${JSON.stringify(template, null, 2)}\n`;
}

function intact(entry: TemplateEntry): CpuTemplate {
  if (entry.kind === 'ok') return entry.template;
  throw new Failure('state', 'template-broken', `CPU template ${quote(entry.name)}: is broken: ${entry.reason}`, {
    hint: `repair ${entry.path}, or delete it; nothing was changed`,
  });
}

type Text = { readonly value: string } | { readonly broken: string; readonly missing?: boolean };

/** A regular file's text, as far as a template can be long: a device or a pipe is not read at all. */
function readLimited(path: string): Text {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { broken: 'there is no such file', missing: true };
    return { broken: code === 'EACCES' ? 'permission denied' : `it cannot be read (${code})` };
  }
  try {
    if (!fstatSync(fd).isFile()) return { broken: 'it is not a regular file' };
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    if (length > MAX_BYTES) return { broken: `it has more than ${MAX_BYTES} bytes, which no template needs` };
    return { value: bytes.toString('utf8', 0, length) };
  } catch (error) {
    return { broken: `it cannot be read (${(error as NodeJS.ErrnoException).code})` };
  } finally {
    closeSync(fd);
  }
}

function noSuchTemplate(name: string): Failure {
  return new Failure('not-found', 'no-such-template', `CPU template ${quote(name)}: there is none of that name`, {
    hint: '`bulkhead cpu templates` shows those there are',
  });
}

function taken(name: string): Failure {
  return new Failure('state', 'template-taken', `CPU template ${quote(name)}: there is one of that name already`, {
    hint: 'choose another name, or replace it',
  });
}

function tooMany(): Failure {
  return new Failure('state', 'too-many-templates', `CPU templates: there are ${MAX_TEMPLATES} already`, {
    hint: 'delete some first',
  });
}
