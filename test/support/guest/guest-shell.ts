import { existsSync, readFileSync } from 'node:fs';
import { SLOWNESS } from '../slowness.ts';
import { eventually, type VmHosts } from '../vm-hosts.ts';

/** Guests on the translating accelerator take their time. */
const PATIENCE_MS = 300_000 * SLOWNESS;

/** Tiny Linux's shell on its serial console: typed at by `vm send`, read in the serial log. */
export class GuestShell {
  private commands = 0;

  constructor(
    private readonly hosts: VmHosts,
    private readonly id: string,
  ) {}

  /** Logs in, at the `times`th boot of the machine, and has room for long lines. */
  async logIn(times = 1): Promise<void> {
    await eventually('login', () => this.shown('login:') >= times || undefined, PATIENCE_MS);
    const before = this.shown('tiny:~#');
    await this.type('root');
    await eventually('shell', () => this.shown('tiny:~#') > before || undefined, PATIENCE_MS);
    await this.answer('stty columns 300');
  }

  async type(text: string): Promise<void> {
    await this.hosts.commandLine('vm', 'send', this.id, `${text}\\n`);
  }

  /** Types a command; what it printed. */
  async answer(command: string): Promise<string> {
    const number = ++this.commands;
    await this.type(`echo START''-${number}; ${command}; echo END''-${number}`);
    await eventually(command, () => this.log.includes(`\nEND-${number}\n`) || undefined, PATIENCE_MS);
    const { log } = this;
    const printed = log.slice(log.indexOf(`\nSTART-${number}\n`), log.indexOf(`\nEND-${number}\n`));
    return printed.split('\n').slice(2).join('\n');
  }

  private get log(): string {
    const { serialLog } = this.hosts.paths(this.id);
    return existsSync(serialLog) ? readFileSync(serialLog, 'latin1').replaceAll('\r', '') : '';
  }

  /** How often the console has shown a text. */
  private shown(text: string): number {
    return this.log.split(text).length - 1;
  }
}
