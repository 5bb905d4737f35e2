import { Failure } from '../../base/failure.ts';
import { type MachineConfig, patchedConfig } from '../../inventory/machine-config.ts';
import type { Forward, Network } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';

type UserNetwork = Extract<Network, { kind: 'user' }>;

/** Where the machine's first user-mode network stands among its networks; throws `usage` where it has none. */
export function userNetworkOf(config: MachineConfig): { index: number; network: UserNetwork } {
  const index = config.networks.findIndex(({ kind }) => kind === 'user');
  const network = config.networks[index];
  if (network?.kind === 'user') return { index, network };
  throw new Failure(
    'usage',
    'no-user-network',
    `machine ${quote(config.name)}: has no user-mode network to forward to`,
    {
      hint: `bulkhead vm set ${quote(config.name)} net=user`,
    },
  );
}

/** Throws `usage` where the machine's network `index` could not have these forwards. */
export function requireForwards(config: MachineConfig, index: number, forwards: readonly Forward[]): void {
  const double = forwards.find((forward, at) => forwards.some((other, i) => i < at && sameListener(forward, other)));
  if (double !== undefined) {
    const where = `${double.protocol} port ${double.hostPort}`;
    throw new Failure('usage', 'double-forward', `machine ${quote(config.name)}: ${where}: is forwarded already`);
  }
  const networks = config.networks.map((network, at) => (at === index ? { ...network, forwards } : network));
  patchedConfig(config, { networks: networks as Network[] });
}

/** Whether two forwards listen at the same place. */
export function sameListener(a: Forward, b: Forward): boolean {
  const address = ({ hostAddress = '127.0.0.1' }: Forward): string => hostAddress;
  return a.protocol === b.protocol && a.hostPort === b.hostPort && address(a) === address(b);
}
