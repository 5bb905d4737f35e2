import type { Route } from '../server/route.ts';
import { archiveRoutes } from './archive-routes.ts';
import { containerRoutes } from './container-routes.ts';
import type { EngineServices } from './engine-services.ts';
import { execRoutes } from './exec-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { networkRoutes } from './network-routes.ts';
import { streamRoutes } from './stream-routes.ts';
import { systemRoutes } from './system-routes.ts';
import { volumeRoutes } from './volume-routes.ts';

/** Docker API 1.47, as far as it is served; of paths that overlap the first counts. */
export function allRoutes(services: EngineServices): Route[] {
  const groups = [
    systemRoutes,
    containerRoutes,
    streamRoutes,
    archiveRoutes,
    execRoutes,
    imageRoutes,
    volumeRoutes,
    networkRoutes,
  ];
  return groups.flatMap((group) => group(services));
}
