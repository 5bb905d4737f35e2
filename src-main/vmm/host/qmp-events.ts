import type { MachineEvent, MachineState } from '../machine/machine.ts';
import type { QmpServer } from '../qmp/qmp-server.ts';
import { CDROM } from './machine-devices.ts';
import { paced } from './paced.ts';

/** QEMU monitor/monitor.c, monitor_qapi_event_conf: BALLOON_CHANGE comes at most once a second. */
const BALLOON_MS = 1000;

/** Tells QMP clients of a machine's events in QEMU's words (qapi/run-state.json, block.json); `X_STATE_CHANGED` is ours. */
export function qmpTeller(qmp: QmpServer): (event: MachineEvent) => void {
  const balloon = paced(BALLOON_MS);
  return (event) => tell(qmp, event, balloon);
}

function tell(qmp: QmpServer, event: MachineEvent, balloon: (emit: () => void) => void): void {
  switch (event.kind) {
    case 'state':
      if (stands(event.state) && !stands(event.from)) qmp.emit('STOP');
      if (runs(event.state) && stands(event.from)) qmp.emit('RESUME');
      qmp.emit('X_STATE_CHANGED', { state: event.state });
      break;
    case 'reset':
      qmp.emit('RESET', { guest: event.guest, reason: event.guest ? 'guest-reset' : 'host-qmp-system-reset' });
      break;
    case 'power-button':
      qmp.emit('POWERDOWN');
      break;
    case 'balloon':
      balloon(() => qmp.emit('BALLOON_CHANGE', { actual: event.bytes }));
      break;
    case 'tray':
      qmp.emit('DEVICE_TRAY_MOVED', { device: CDROM, id: CDROM, 'tray-open': event.open });
      break;
    case 'panicked':
      qmp.emit('GUEST_PANICKED', { action: 'run' });
      break;
    case 'off':
      qmp.emit('SHUTDOWN', { guest: event.cause === 'guest-shutdown', reason: event.cause });
      break;
  }
}

/** Whether the vCPUs stand still in a state. */
function stands(state: MachineState): boolean {
  return state === 'paused' || state === 'internal-error';
}

function runs(state: MachineState): boolean {
  return state !== 'off' && !stands(state);
}
