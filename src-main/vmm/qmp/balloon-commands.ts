import type { Balloon } from '../machine/balloon.ts';
import type { Machine } from '../machine/machine.ts';
import { type QmpCommands, QmpError } from './qmp-server.ts';

/** QEMU qapi/machine.json: `balloon`, `query-balloon`. */
export function balloonCommands(machine: Machine): QmpCommands {
  return {
    balloon: {
      arguments: ['value'],
      run: ({ value }) => {
        const balloon = activeBalloon(machine);
        if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
          throw new QmpError('GenericError', "Invalid parameter type for 'value', expected: integer");
        }
        if (value <= 0) throw new QmpError('GenericError', "Parameter 'target' expects a size");
        balloon.aim(value);
        return {};
      },
    },
    'query-balloon': { arguments: [], run: () => ({ actual: activeBalloon(machine).actual }) },
  };
}

/** There must be one, and the guest must know it. */
function activeBalloon({ balloon }: Machine): Balloon {
  if (balloon?.active) return balloon;
  throw new QmpError('DeviceNotActive', 'No balloon device has been activated');
}
