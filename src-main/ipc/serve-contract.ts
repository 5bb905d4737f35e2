import { ContractServer } from './contract-server.ts';
import { desktopCalls, desktopStreams } from './desktop-handlers.ts';
import { hostCalls } from './host-handlers.ts';
import type { MachineFeed } from './machine-feed.ts';
import { machineCalls, machineStreams } from './machine-handlers.ts';
import type { Services } from './services.ts';

/** The whole contract over these services. */
export function serveContract(services: Services, feed: MachineFeed): ContractServer {
  return new ContractServer(
    {
      ...machineCalls(services, feed),
      ...hostCalls(services.host),
      ...desktopCalls(services.desktop, services.settings),
    },
    { ...machineStreams(services, feed), ...desktopStreams(services.settings) },
  );
}
