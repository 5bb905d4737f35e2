import { QueryClient, queryOptions } from '@tanstack/react-query';
import { call } from './bridge.ts';

/** Answers that are asked for once and shown in several places; what changes by itself comes by stream instead. */
export const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, staleTime: 10_000, networkMode: 'always' } },
});

export const hostOverviewQuery = queryOptions({
  queryKey: ['host', 'overview'],
  queryFn: () => call('host.overview'),
  staleTime: 60_000,
});

export const hostCheckQuery = queryOptions({ queryKey: ['host', 'check'], queryFn: () => call('host.check') });

export function machineQuery(id: string) {
  return queryOptions({ queryKey: ['machine', id], queryFn: () => call('machine.get', { id }) });
}

/** What a machine's disk is, as its file says; asks nothing without a path. */
export function diskQuery(path: string | undefined, readOnly: boolean) {
  return queryOptions({
    queryKey: ['disk', path, readOnly],
    queryFn: () => call('disk.describe', { path: path ?? '', readOnly }),
    enabled: path !== undefined,
  });
}

const logBytes = 256 * 1024;

export function machineLogQuery(id: string, source: 'serial' | 'host', live: boolean) {
  return queryOptions({
    queryKey: ['machine-log', id, source],
    queryFn: () => call('machine.log', { id, source, maxBytes: logBytes }),
    staleTime: 0,
    refetchInterval: live ? 2000 : false,
  });
}
