import type { Machine } from '../machine/machine.ts';
import type { MachineReport } from '../machine/machine-report.ts';
import { type QmpCommands, qmpVersion } from './qmp-server.ts';

/** What QMP says about a machine besides what the machine itself knows. */
export interface QmpIdentity {
  readonly name: string;
  readonly id: string;
  readonly version: string;
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
const events = ['POWERDOWN', 'RESET', 'RESUME', 'SHUTDOWN', 'STOP', 'GUEST_PANICKED', 'X_STATE_CHANGED'];

/** The QMP commands of a machine, by name. `x-` commands are ours. */
export function machineCommands(machine: Machine, identity: QmpIdentity, report: MachineReport): QmpCommands {
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
    'query-commands': () => [...Object.keys(commands), 'qmp_capabilities'].sort().map((name) => ({ name })),
    'query-events': () => events.map((name) => ({ name })),
    'query-name': () => ({ name: identity.name }),
    'query-uuid': () => ({ UUID: identity.id }),
    'query-kvm': () => ({ enabled: machine.vm.accelerator === 'kvm', present: report.kvmPresent }),
    'query-cpus-fast': () =>
      machine.threads.state.map((control, index) => ({
        'cpu-index': index,
        'thread-id': control.tid === 0 ? process.pid : control.tid,
        'qom-path': `/machine/unattached/device[${index}]`,
        props: { 'socket-id': index, 'core-id': 0, 'thread-id': 0 },
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
  return Object.fromEntries(Object.entries(commands).map(([name, run]) => [name, { arguments: [], run }]));
}
