import type { CallHandlers } from './contract-server.ts';
import type { HostInspection } from './services.ts';

export function hostCalls(host: HostInspection): Pick<CallHandlers, 'host.check' | 'host.overview'> {
  return {
    'host.check': () => host.check(),
    'host.overview': () => host.overview(),
  };
}
