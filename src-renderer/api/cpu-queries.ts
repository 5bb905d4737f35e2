import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './bridge.ts';
import { queries } from './queries.ts';

export const cpuCatalogueQuery = queryOptions({
  queryKey: ['cpu', 'catalogue'],
  queryFn: () => call('cpu.list'),
  staleTime: 60_000,
});

export const cpuTemplatesQuery = queryOptions({ queryKey: ['cpu', 'templates'], queryFn: () => call('cpu.templates') });

/** Keeps showing the CPU before a change until the changed one is there. */
export function cpuSheetQuery(cpu: string) {
  return queryOptions({
    queryKey: ['cpu', 'sheet', cpu],
    queryFn: () => call('cpu.describe', { cpu }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

export function cpuComparisonQuery(a: string, b: string) {
  return queryOptions({
    queryKey: ['cpu', 'comparison', a, b],
    queryFn: () => call('cpu.compare', { a, b }),
    enabled: b !== '',
  });
}

export function refreshTemplates(): Promise<void> {
  return queries.invalidateQueries({ queryKey: cpuTemplatesQuery.queryKey });
}
