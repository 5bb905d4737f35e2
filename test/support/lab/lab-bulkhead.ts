import { SLOWNESS } from '../slowness.ts';
import { type CommandEnd, type CommandOptions, clone, ending, type Lab } from './lab.ts';

/** What `vm list --json` says of a machine (interfaces.md). */
export interface ListedMachine {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly accelerator: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly pid?: number;
  readonly reason?: string;
}

/** Where the build is in the lab: a copy, so that nothing changes under the tests and no file comes over 9p twice. */
export const PROGRAM = '/opt/bulkhead';

/** The user's `./bulkhead` in a lab, run by plain Node, with a home folder that nothing else uses. */
export class LabBulkhead {
  private constructor(
    readonly lab: Lab,
    readonly home: string,
  ) {}

  static async create(lab: Lab, home: string): Promise<LabBulkhead> {
    await lab.output(
      `mkdir -p ${PROGRAM}/out && cp -r out/main ${PROGRAM}/out/ && cp -r bulkhead package.json resources ${PROGRAM}/ &&
       ln -s ${clone}/node_modules ${PROGRAM}/node_modules`,
    );
    return LabBulkhead.at(lab, home);
  }

  /** The same program with another home. VM hosts of the old one that still run are a failed test's, and end. */
  moveTo(home: string): Promise<LabBulkhead> {
    return LabBulkhead.at(this.lab, home);
  }

  private static async at(lab: Lab, home: string): Promise<LabBulkhead> {
    await lab.output(`busybox pkill -KILL -f 'vm-host[.]js'; mkdir -p -m 0700 ${home} ${home}/run ${home}/share`);
    return new LabBulkhead(lab, home);
  }

  get env(): Record<string, string> {
    return { XDG_DATA_HOME: `${this.home}/share`, XDG_RUNTIME_DIR: `${this.home}/run` };
  }

  /** Runs it, however that ends. */
  run(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
    return this.lab.exec([`${PROGRAM}/bulkhead`, ...args], { ...options, env: { ...this.env, ...options.env } });
  }

  /** What it prints; throws unless it succeeds. */
  async output(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const end = await this.run(args, options);
    if (end.code === 0) return end.stdout;
    throw new Error(`in the lab: bulkhead ${args.join(' ')}: ${ending(end)}\n${end.stdout}${end.stderr}`);
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.output([...args, '--json'])) as T;
  }

  async create(name: string, ...options: readonly string[]): Promise<LabMachine> {
    await this.output(['vm', 'create', name, ...options]);
    const shown = await this.json<{ id: string; folder: string; log: string; qmp: string }>(['vm', 'show', name]);
    return new LabMachine(this, name, shown);
  }
}

/** One machine in the lab, by the words of the command line client. */
export class LabMachine {
  private answers = 0;

  constructor(
    readonly bulkhead: LabBulkhead,
    readonly name: string,
    readonly paths: { readonly id: string; readonly folder: string; readonly log: string; readonly qmp: string },
  ) {}

  /** A verb of `bulkhead vm` on this machine; throws unless it succeeds. */
  vm(verb: string, ...options: readonly string[]): Promise<string> {
    return this.bulkhead.output(['vm', verb, this.name, ...options]);
  }

  /** Starts it and waits for a text on its serial console. */
  start(text: string, seconds = 120): Promise<string> {
    const args = ['vm', 'start', this.name, '--wait-for', text, '--timeout', `${seconds * SLOWNESS}`];
    return this.bulkhead.output(args, { seconds: seconds + 20 });
  }

  async state(): Promise<string> {
    const machines = await this.bulkhead.json<ListedMachine[]>(['vm', 'list']);
    return machines.find(({ name }) => name === this.name)!.state;
  }

  async listed(): Promise<ListedMachine> {
    const machines = await this.bulkhead.json<ListedMachine[]>(['vm', 'list']);
    return machines.find(({ name }) => name === this.name)!;
  }

  /** Waits until its serial log, since the start, has matched the extended regular expression so many times. */
  async logged(pattern: string, { times = 1, seconds = 60 } = {}): Promise<void> {
    const count = `$(grep -aEc ${shellQuote(pattern)} ${this.paths.log})`;
    const end = await this.bulkhead.lab.shell(`until [ "${count}" -ge ${times} ]; do sleep 1; done`, { seconds });
    if (!end.late) return;
    const tail = await this.bulkhead.lab.shell(`tail -n 15 ${this.paths.log}`);
    throw new Error(`${this.name}: ${pattern}: not in its log within ${seconds} s; it ends:\n${tail.stdout}`);
  }

  type(text: string): Promise<string> {
    return this.vm('send', text);
  }

  /** Logs in as Tiny Linux's root, once the login prompt is there. */
  async logIn(): Promise<void> {
    await this.type('root\\n');
    await this.logged('^tiny:.*# ');
  }

  /** What a command prints in the guest's shell. */
  async answer(command: string, seconds = 60): Promise<string> {
    const [begin, end] = [`BEGIN-${++this.answers}`, `END-${this.answers}`];
    const before = Number(await this.bulkhead.lab.output(`stat -c %s ${this.paths.log}`));
    await this.type(`echo BEGIN''-${this.answers}; ${command}; echo END''-${this.answers}\\n`);
    await this.logged(`^${end}`, { seconds });
    const said = (await this.bulkhead.lab.output(`tail -c +${before + 1} ${this.paths.log}`)).replaceAll('\r', '');
    const lines = said.split('\n');
    return lines.slice(lines.indexOf(begin) + 1, lines.indexOf(end)).join('\n');
  }

  /** Waits until the machine is off; throws what it says when that was not a clean end. */
  wait(seconds = 60): Promise<string> {
    return this.bulkhead.output(['vm', 'wait', this.name], { seconds });
  }

  /** What is left of it while it is off: VM host processes, runtime files, a held lock. Empty when nothing is. */
  async left(): Promise<string> {
    const { id, folder, qmp } = this.paths;
    const runtime = qmp.slice(0, qmp.lastIndexOf('/'));
    const script = [
      // Whoever has the machine's id as an argument; not this command itself, for its brackets.
      `grep -lazx '[${id[0]}]${id.slice(1)}' /proc/[0-9]*/cmdline 2>/dev/null`,
      `find ${runtime} 2>/dev/null`,
      `flock -n ${folder}/lock true || echo locked`,
      'true',
    ];
    return this.bulkhead.lab.output(script.join('\n'));
  }
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
