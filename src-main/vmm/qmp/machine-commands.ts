import { placeOfVcpu, type Topology } from '../../cpu/normalize/topology.ts';
import type { Machine } from '../machine/machine.ts';
import type { MachineReport } from '../machine/machine-report.ts';
import { type QmpCommands, qmpVersion } from './qmp-server.ts';

/** What QMP says about a machine besides what the machine itself knows. */
export interface QmpIdentity {
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly topology: Topology;
}

/** Our states in QEMU's words (qapi/run-state.json, RunState). */
const runState = {
  running: 'running',
  stopping: 'running',
  paused: 'paused',
  'internal-error': 'internal-error',
  'guest-panicked': 'guest-panicked',
  off: 'shutdown',
} as const;

/** The events `machineCommands`' machine tells of. */
const events = [
  'POWERDOWN',
  'RESET',
  'RESUME',
  'SHUTDOWN',
  'STOP',
  'GUEST_PANICKED',
  'BALLOON_CHANGE',
  'DEVICE_TRAY_MOVED',
  'X_STATE_CHANGED',
];

/** CpuInstanceProperties (qapi/machine.json): where a vCPU sits. */
function placeProperties(index: number, topology: Topology): object {
  const { socket, core, thread } = placeOfVcpu(index, topology);
  return { 'socket-id': socket, 'core-id': core, 'thread-id': thread };
}

/**
 * The QMP commands of a machine, by name. `x-` commands are ours.
 * @param more commands of its devices'
 */
export function machineCommands(
  machine: Machine,
  identity: QmpIdentity,
  report: MachineReport,
  more: QmpCommands = {},
): QmpCommands {
  const done = async (order: Promise<void>): Promise<object> => {
    await order;
    return {};
  };
  const commands: Record<string, (args: Readonly<Record<string, unknown>>) => unknown> = {
    'query-status': () => ({
      running: machine.state === 'running' || machine.state === 'stopping',
      singlestep: false,
      status: runState[machine.state],
    }),
    'query-version': () => qmpVersion(identity.version),
    'query-commands': () =>
      [...Object.keys(commands), ...Object.keys(more), 'qmp_capabilities'].sort().map((name) => ({ name })),
    'query-events': () => events.map((name) => ({ name })),
    'query-name': () => ({ name: identity.name }),
    'query-uuid': () => ({ UUID: identity.id }),
    'query-kvm': () => ({ enabled: machine.vm.accelerator === 'kvm', present: report.kvmPresent }),
    'query-cpus-fast': () =>
      machine.threads.state.map((control, index) => ({
        'cpu-index': index,
        'thread-id': control.tid === 0 ? process.pid : control.tid,
        'qom-path': `/machine/unattached/device[${index}]`,
        props: placeProperties(index, identity.topology),
        target: 'x86_64',
      })),
    stop: () => done(machine.pause()),
    cont: () => done(machine.resume()),
    system_reset: () => done(machine.reset(false)),
    system_powerdown: () => done(machine.pressPowerButton()),
    quit: () => done(machine.powerOff('host-qmp-quit')),
    'x-query-machine': () => report.machine(),
    'x-query-stats': () => report.stats(),
  };
  const own = Object.entries(commands).map(([name, run]) => [name, { arguments: [], run }] as const);
  return { ...Object.fromEntries(own), ...more };
}
