import { type Disposable, Owner } from '../../base/disposable.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { consolePortNames } from '../../inventory/machine-hardware.ts';
import { consolePortPaths, type MachinePaths } from '../../inventory/paths.ts';
import { KeptConsole } from '../console/kept-console.ts';
import type { Machine } from '../machine/machine.ts';

/** A machine's consoles: its serial port, and the ports of its virtio console. */
export class MachineConsoles implements Disposable {
  private readonly owner = new Owner();
  readonly serial: KeptConsole;
  private readonly all: readonly KeptConsole[];

  constructor(config: MachineConfig, machine: Machine, paths: MachinePaths) {
    this.serial = this.owner.own(
      new KeptConsole(machine.board.console, { log: paths.serialLog, socket: paths.serial }),
    );
    const ports = consolePortNames(config.consolePorts).map((name, port) =>
      this.owner.own(new KeptConsole(machine.consolePorts!.ends[port]!, consolePortPaths(paths, name))),
    );
    this.all = [this.serial, ...ports];
  }

  async listen(): Promise<void> {
    await Promise.all(this.all.map((console) => console.listen()));
  }

  run(): void {
    for (const console of this.all) console.run();
  }

  /** Takes all there is, once nothing is printed any more. */
  drain(): void {
    for (const console of this.all) console.drain();
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((console) => console.close()));
  }

  dispose(): void {
    this.owner.dispose();
  }
}
