import type { Arena } from '../../base/shared-struct.ts';
import { placeBalloon } from './balloon/balloon-state.ts';
import { placeConsole } from './console/console-state.ts';
import { placeNetReport } from './net/net-report.ts';
import type { VirtioSpecification } from './specification.ts';

/** Places what a device tells the machine's other threads besides its transport, before any of them attaches the arena. */
export function placeReports(arena: Arena, specification: VirtioSpecification): void {
  const { kind, name } = specification;
  if (kind === 'net') placeNetReport(arena, name);
  if (kind === 'balloon') placeBalloon(arena, name);
  if (kind === 'console') placeConsole(arena, name, specification.ports.length);
}
