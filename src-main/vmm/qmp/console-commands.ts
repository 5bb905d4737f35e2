import type { Machine } from '../machine/machine.ts';
import { type QmpCommands, QmpError } from './qmp-server.ts';

const MOST = 0xffff;

/** `x-resize-console`: the terminal at the virtio console has this size. */
export function consoleCommands({ consolePorts }: Machine): QmpCommands {
  if (consolePorts === undefined) return {};
  return {
    'x-resize-console': {
      arguments: ['columns', 'rows'],
      run: ({ columns, rows }) => {
        if (!isSize(columns) || !isSize(rows)) {
          throw new QmpError('GenericError', `Parameters 'columns' and 'rows' expect integers from 1 to ${MOST}`);
        }
        consolePorts.resize(columns, rows);
        return {};
      },
    },
  };
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST;
}
