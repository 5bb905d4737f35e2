import { checkedIso } from '../client/iso-file.ts';
import type { Machine } from '../machine/machine.ts';
import { type QmpArguments, type QmpCommands, QmpError } from './qmp-server.ts';

/** QEMU qapi/block.json: `eject`, `blockdev-change-medium`; the CD drive has one name for `device` and `id`. */
export function blockCommands(machine: Machine): QmpCommands {
  const change = async (args: QmpArguments, medium: (args: QmpArguments) => string | undefined): Promise<object> => {
    requireRemovable(machine, args);
    await machine.changeMedium(medium(args));
    return {};
  };
  return {
    eject: { arguments: ['device', 'id', 'force'], run: (args) => change(args, () => undefined) },
    'blockdev-change-medium': {
      arguments: ['device', 'id', 'filename', 'format', 'force', 'read-only-mode'],
      run: (args) => change(args, wantedMedium),
    },
  };
}

/** QEMU block/qapi-system.c: qmp_get_blk; blockdev-change-medium refuses what has no removable medium. */
function requireRemovable({ options: { drive, board } }: Machine, { device, id }: QmpArguments): void {
  if ((device === undefined) === (id === undefined)) {
    throw new QmpError('GenericError', "Need exactly one of 'device' and 'id'");
  }
  const name = device ?? id;
  const found = board.virtio?.find((specification) => specification.name === name);
  if (found?.kind === 'cdrom' && drive !== undefined) return;
  if (found?.kind === 'blk') throw new QmpError('GenericError', `Device '${name}' is not removable`);
  throw new QmpError('DeviceNotFound', `Device '${name}' not found`);
}

function wantedMedium({ filename, format = 'raw', 'read-only-mode': mode = 'retain' }: QmpArguments): string {
  if (typeof filename !== 'string') {
    const why = filename === undefined ? 'is missing' : 'expects a string';
    throw new QmpError('GenericError', `Parameter 'filename' ${why}`);
  }
  if (format !== 'raw') throw new QmpError('GenericError', "Parameter 'format' expects 'raw'");
  if (mode !== 'retain' && mode !== 'read-only') {
    throw new QmpError('GenericError', "Parameter 'read-only-mode' expects 'retain' or 'read-only'");
  }
  return checkedIso(filename);
}
