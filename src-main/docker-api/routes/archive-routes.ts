import { setImmediate as breath } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import type { Container } from '../../containers/lifecycle/container.ts';
import { withSeenRoot } from '../../containers/lifecycle/seen-root.ts';
import { listFolder } from '../../containers/rootfs/list-folder.ts';
import { archiveOf, extractAt, type PathStatus, pathStatus } from '../../containers/rootfs/path-archive.ts';
import { type Route, route } from '../server/route.ts';
import { writeSlowly } from '../streams/write-slowly.ts';
import { flag, text } from '../types/query.ts';
import { folderView } from '../views/folder-view.ts';
import { pathStatView } from '../views/path-stat-view.ts';
import type { EngineServices } from './engine-services.ts';

const pathQuery = z.object({ path: text });
const putQuery = z.object({ path: text, noOverwriteDirNonDir: flag, copyUIDGID: flag });
const STAT_HEADER = 'X-Docker-Container-Path-Stat';
/** After so many pieces without a wait others have their turn. */
const PIECES = 64;

/** Nobody reads a longer list. */
const FILES_MAX = 5000;

/** Docker API 1.47 ContainerArchive, ContainerArchiveInfo, PutContainerArchive: `docker cp`; and our own `files`. */
export function archiveRoutes({ containers }: EngineServices): Route[] {
  const { shared } = containers;
  const find = (path: Readonly<Record<string, string>>): Container => containers.find(path.id ?? '');
  const statusOf = (container: Container, path: string): Promise<PathStatus> =>
    withSeenRoot(container, shared, path, 'read', async (seen) => pathStatus(seen.root, bytes(seen.path)));
  const header = (status: PathStatus) => ({ [STAT_HEADER]: pathStatView(status) });

  return [
    route('HEAD', '/containers/{id}/archive', { query: pathQuery }, async ({ path, query }) => ({
      kind: 'empty',
      status: 200,
      headers: header(await statusOf(find(path), requirePath(query.path))),
    })),
    route('GET', '/containers/{id}/archive', { query: pathQuery }, async ({ path, query }) => {
      const container = find(path);
      const wanted = requirePath(query.path);
      return {
        kind: 'stream',
        contentType: 'application/x-tar',
        headers: header(await statusOf(container, wanted)),
        write: (out) =>
          withSeenRoot(container, shared, wanted, 'read', async (seen) => {
            let pieces = 0;
            for (const piece of archiveOf(seen.root, bytes(seen.path), bytes(nameIn(wanted)))) {
              if (!(await writeSlowly(out, piece))) return;
              if (++pieces % PIECES === 0) await breath();
            }
          }),
      };
    }),
    route('PUT', '/containers/{id}/archive', { query: putQuery }, async ({ path, query, input }) => {
      await withSeenRoot(find(path), shared, requirePath(query.path), 'write', (seen) =>
        extractAt(seen.root, bytes(seen.path), input, query.noOverwriteDirNonDir),
      );
      return { kind: 'empty', status: 200 };
    }),
    route('GET', '/bulkhead/containers/{id}/files', { query: pathQuery }, async ({ path, query }) => ({
      kind: 'json',
      status: 200,
      value: await withSeenRoot(find(path), shared, requirePath(query.path), 'read', async (seen) =>
        folderView(listFolder(seen.root, bytes(seen.path), FILES_MAX)),
      ),
    })),
  ];
}

function requirePath(path: string): string {
  if (path !== '') return path;
  throw new Failure('usage', 'no-path', "bad parameter: 'path' cannot be empty");
}

/** `/dir/.` is the folder's content: clients unpack it under another name. */
function nameIn(path: string): string {
  return path.replace(/\/+$/, '').split('/').pop() || '/';
}

/** File names are bytes. */
function bytes(path: string): string {
  return Buffer.from(path).toString('latin1');
}
