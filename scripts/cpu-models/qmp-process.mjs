import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A QEMU that runs nothing and answers QMP on its stdio, one command after the other. */
export class QmpProcess {
  #waiting = [];
  #process;
  /** What it said on stderr. */
  warnings = '';

  constructor(accelerator, { machine = 'none', cpu, qemu = 'qemu-system-x86_64' } = {}) {
    const argv = ['-M', machine, '-accel', accelerator, '-S', '-nodefaults', '-display', 'none', '-qmp', 'stdio'];
    if (cpu) argv.push('-cpu', cpu);
    this.#process = spawn(qemu, argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stderr.on('data', (data) => {
      this.warnings += data;
    });
    this.#process.on('error', (error) => this.#fail(error));
    this.#process.on('exit', (status) =>
      this.#fail(new Error(`${qemu} -accel ${accelerator} ended with ${status}\n${this.warnings}`)),
    );
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(JSON.parse(line)));
    this.ready = this.#next().then(() => this.execute('qmp_capabilities'));
  }

  async execute(command, args) {
    this.#process.stdin.write(`${JSON.stringify({ execute: command, ...(args && { arguments: args }) })}\n`);
    const { return: result, error } = await this.#next();
    if (error) throw new Error(`${command} ${JSON.stringify(args)}: ${error.desc}`);
    return result;
  }

  /** Ends it; fulfilled when everything it had to say is read. */
  end() {
    this.#process.removeAllListeners('exit');
    this.#process.stdin.end('{"execute":"quit"}\n');
    return new Promise((resolve) => this.#process.on('close', resolve));
  }

  #next() {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take(message) {
    if (!('event' in message)) this.#waiting.shift()?.resolve(message);
  }

  #fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
