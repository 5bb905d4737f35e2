import { readlinkSync } from 'node:fs';
import { parseCpuList } from '../../../linux/cpu-list.ts';
import { fdOfProcess } from '../../../linux/namespaces.ts';
import { pinThread } from '../../../linux/thread.ts';
import { NAMESPACE_BITS } from '../init/namespace-bits.ts';
import type { ContainerOperations } from '../operations.ts';
import type { TerminalSize } from '../runtime.ts';
import type { ProcessSpec } from '../spec/config.ts';
import type { NamespaceType } from '../spec/linux.ts';
import { requireSupportedProcess } from '../spec/supported.ts';
import { type InitRequest, type SpawnedInit, spawnInit } from './spawn-init.ts';

export interface Execution {
  readonly container: ContainerOperations;
  readonly process: ProcessSpec;
  readonly streams: InitRequest['streams'];
  readonly extra: readonly number[];
  readonly nullIo: boolean;
  readonly size: TerminalSize | null;
  readonly openFiles: number;
  readonly onTerminal: (master: number) => void;
}

/** Runs one more process in a running container; settles once its program is executed. */
export async function execProcess(execution: Execution): Promise<SpawnedInit> {
  const { container, process: wanted } = execution;
  requireSupportedProcess(wanted);
  const { pid } = container.require('exec', 'created', 'running');
  const spec = container.spec();
  const others = otherNamespaces(pid);
  const init = spawnInit({
    streams: execution.streams,
    extra: execution.extra,
    pidNamespace: others.includes('pid') ? { path: `/proc/${pid}/ns/pid` } : 'same',
    timeNamespace: others.includes('time') ? `/proc/${pid}/ns/time` : undefined,
  });
  try {
    await init.next();
    // OCI runtime 1.2 config §Linux Process: execCPUAffinity, on the way into the cgroup and after it.
    pin(init.pid, wanted.execCPUAffinity?.initial);
    container.cgroup().enter(init.pid);
    pin(init.pid, wanted.execCPUAffinity?.final);
    init.order({
      kind: 'exec',
      spec,
      process: { ...wanted, capabilities: wanted.capabilities ?? spec.process?.capabilities },
      target: pid,
      namespaces: others
        .filter((type) => type !== 'pid' && type !== 'time')
        .reduce((bits, type) => bits | NAMESPACE_BITS[type], 0),
      size: execution.size,
      nullIo: execution.nullIo,
      extraFds: execution.extra.length,
      openFiles: execution.openFiles,
    });
    for (;;) {
      const report = await init.next();
      if (report.at === 'ready') break;
      if (report.at === 'terminal') execution.onTerminal(fdOfProcess(init.pid, report.master));
      init.goOn();
    }
    await init.executed();
    init.release();
    return init;
  } catch (error) {
    init.kill();
    throw error;
  }
}

/** Of an init's threads only the first becomes the program. */
function pin(pid: number, cpus: string | undefined): void {
  if (cpus) pinThread(pid, parseCpuList(cpus));
}

const NAMES: readonly (readonly [string, NamespaceType])[] = [
  ['cgroup', 'cgroup'],
  ['ipc', 'ipc'],
  ['uts', 'uts'],
  ['time', 'time'],
  ['net', 'network'],
  ['pid', 'pid'],
  // Last: in it, the others' files cannot be found any more.
  ['mnt', 'mount'],
];

/** The namespaces a process is in and this one is not. */
function otherNamespaces(pid: number): NamespaceType[] {
  const of = (who: string, name: string): string => readlinkSync(`/proc/${who}/ns/${name}`);
  return NAMES.filter(([name]) => of(String(pid), name) !== of('self', name)).map(([, type]) => type);
}
