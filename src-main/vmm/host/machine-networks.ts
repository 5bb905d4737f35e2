import * as z from 'zod/mini';
import { type Disposable, Owner } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import type { Arena } from '../../base/shared-struct.ts';
import { addressText, type NetReport, placeNetReport } from '../../devices/virtio/net/net-report.ts';
import type { MachineConfig } from '../../inventory/machine-config.ts';
import { forward, type Network } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import { describeIssues } from '../../inventory/versioned.ts';
import { UserNetwork } from '../../network/passt/user-network.ts';
import { TapNetwork } from '../../network/tap/tap-network.ts';
import type { QmpArguments, QmpCommands } from '../qmp/qmp-server.ts';
import type { ConnectedNetwork } from './machine-devices.ts';

interface OpenNetwork extends ConnectedNetwork {
  readonly config: Network;
  /** Where it is a user-mode network. */
  readonly user?: UserNetwork;
}

const forwards = z.array(forward);

/** The networks of a running machine, from the VM host's main thread. */
export class MachineNetworks implements Disposable {
  private constructor(
    private readonly networks: readonly OpenNetwork[],
    private readonly owner: Owner,
  ) {}

  /** Opens what the machine's cards are connected to; throws `host` failures saying what is missing. */
  static async open(machine: MachineConfig, env: NodeJS.ProcessEnv): Promise<MachineNetworks> {
    const owner = new Owner();
    try {
      const networks: OpenNetwork[] = [];
      for (const [index, config] of machine.networks.entries()) {
        networks.push(await connect(machine, config, index, env, owner));
      }
      return new MachineNetworks(networks, owner);
    } catch (error) {
      owner.dispose();
      throw error;
    }
  }

  get connected(): readonly ConnectedNetwork[] {
    return this.networks.map(({ name, mac, link }) => ({ name, mac, link }));
  }

  /** Each network as it is now, with what its card tells. */
  describe(arena: Arena): object[] {
    return this.networks.map(({ name, config, user }) => ({
      name,
      ...config,
      ...(user === undefined ? {} : { forwards: user.forwards }),
      ...seen(placeNetReport(arena, name)),
    }));
  }

  get commands(): QmpCommands {
    return {
      'x-set-forwards': { arguments: ['network', 'forwards'], run: (args) => this.setForwards(args) },
    };
  }

  dispose(): void {
    this.owner.dispose();
  }

  private async setForwards({ network, forwards: wanted }: QmpArguments): Promise<object> {
    const found = this.networks.find(({ name }) => name === network);
    if (found?.user === undefined) {
      throw new Failure('usage', 'no-such-network', `network ${JSON.stringify(network)}: is no user-mode network here`);
    }
    const checked = forwards.safeParse(wanted);
    if (!checked.success)
      throw new Failure('usage', 'bad-forward', `forwards: ${describeIssues(checked.error.issues)}`);
    await found.user.setForwards(checked.data);
    return {};
  }
}

async function connect(
  { id, name: machineName }: MachineConfig,
  config: Network,
  index: number,
  env: NodeJS.ProcessEnv,
  owner: Owner,
): Promise<OpenNetwork> {
  const machine = `machine ${quote(machineName)}`;
  const { mac } = config;
  const name = `net${index}`;
  switch (config.kind) {
    case 'user': {
      const user = owner.own(await UserNetwork.start({ machine, mac, forwards: config.forwards, env }));
      return { name, mac, link: user.seed, config, user };
    }
    case 'tap':
      return { name, mac, link: owner.own(TapNetwork.open(machine, config.device)).seed, config };
    case 'bridge': {
      const device = `bh${id.slice(0, 8)}.${index}`;
      return { name, mac, link: owner.own(TapNetwork.openOnBridge(machine, config.bridge, device)).seed, config };
    }
  }
}

function seen(report: NetReport): object {
  const address = addressText(Atomics.load(report.guestAddress, 0));
  const { receivedFrames, receivedBytes, sentFrames, sentBytes, dropped } = report;
  return {
    ...(address === undefined ? {} : { address }),
    traffic: { receivedFrames, receivedBytes, sentFrames, sentBytes, dropped },
  };
}
