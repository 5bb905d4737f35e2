import { type Disposable, Owner } from '../../base/disposable.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { consolePortNames } from '../../inventory/machine-hardware.ts';
import { consolePortPaths, type MachinePaths } from '../../inventory/paths.ts';
import { ConsoleServer } from '../console/console-server.ts';
import { ConsolePump } from '../console/pump-console.ts';
import { SerialLog } from '../console/serial-log.ts';
import type { Machine } from '../machine/machine.ts';

interface Outlet {
  readonly socket: string;
  readonly server: ConsoleServer;
  readonly pump: ConsolePump;
}

/** What the ports of a machine's virtio console lead to: a log and a socket each, as the serial console has them. */
export class MachineConsoles implements Disposable {
  private readonly owner = new Owner();
  private readonly outlets: readonly Outlet[];

  constructor(config: MachineConfig, machine: Machine, paths: MachinePaths) {
    this.outlets = consolePortNames(config.consolePorts).map((name, port) => {
      const end = machine.consolePorts!.ends[port]!;
      const { socket, log } = consolePortPaths(paths, name);
      const kept = this.owner.own(new SerialLog(log));
      const server = new ConsoleServer(kept, (bytes) => end.type(bytes));
      return { socket, server, pump: new ConsolePump(end, kept, server) };
    });
  }

  async listen(): Promise<void> {
    await Promise.all(this.outlets.map(({ server, socket }) => server.listen(socket)));
  }

  run(): void {
    for (const { pump } of this.outlets) void pump.run();
  }

  /** Takes all there is, once nothing is printed any more. */
  drain(): void {
    for (const { pump } of this.outlets) pump.drain();
  }

  async close(): Promise<void> {
    await Promise.all(this.outlets.map(({ server }) => server.close()));
  }

  dispose(): void {
    this.owner.dispose();
  }
}
