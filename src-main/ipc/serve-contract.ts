import { containerCalls, containerStreams } from './container-handlers.ts';
import { ContractServer } from './contract-server.ts';
import { cpuCalls } from './cpu-handlers.ts';
import { desktopCalls, desktopStreams } from './desktop-handlers.ts';
import { hostCalls } from './host-handlers.ts';
import { imageCalls, imageStreams } from './image-handlers.ts';
import type { MachineFeed } from './machine-feed.ts';
import { machineCalls, machineStreams } from './machine-handlers.ts';
import { networkCalls, networkStreams } from './network-handlers.ts';
import type { Services } from './services.ts';
import { volumeCalls, volumeStreams } from './volume-handlers.ts';

/** The whole contract over these services. */
export function serveContract(services: Services, feed: MachineFeed): ContractServer {
  return new ContractServer(
    {
      ...machineCalls(services, feed),
      ...containerCalls(services.engine, services.desktop),
      ...imageCalls(services.engine),
      ...volumeCalls(services.engine),
      ...networkCalls(services.engine),
      ...hostCalls(services.host),
      ...cpuCalls(services.cpus, services.desktop),
      ...desktopCalls(services.desktop, services.settings),
    },
    {
      ...containerStreams(services.engine),
      ...imageStreams(services.engine, services.desktop),
      ...volumeStreams(services.engine),
      ...networkStreams(services.engine),
      ...machineStreams(services, feed),
      ...desktopStreams(services.settings),
    },
  );
}
