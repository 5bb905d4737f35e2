import { closeSync, openSync, readlinkSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { asFailure, Failure } from '../../../base/failure.ts';
import { hideFromOthers } from '../../../linux/credentials.ts';
import { duplicateTo, execute, handOnDescriptorsBelow, resetSignals, startSession } from '../../../linux/exec.ts';
import { O } from '../../../linux/fd.ts';
import { InRoot } from '../../../linux/in-root.ts';
import { CLONE, enterNamespaceAt, unshare } from '../../../linux/namespaces.ts';
import { raiseLoopback } from '../../../linux/network-namespace.ts';
import { openPseudoTerminal, resizeTerminal, takeTerminal } from '../../../linux/terminal.ts';
import { inUserNamespace } from '../../../linux/user-namespace.ts';
import { setDomainName, setHostName } from '../../../linux/uts.ts';
import { enterRootfs } from '../../rootfs/enter-rootfs.ts';
import { runHooks } from '../hooks.ts';
import { compileSeccomp } from '../seccomp/compile.ts';
import type { ProcessSpec } from '../spec/config.ts';
import type { NamespaceType } from '../spec/linux.ts';
import { sysctlPath } from '../spec/supported.ts';
import { applyScheduling } from './apply-scheduling.ts';
import { applyLimits, applyOomScore, becomeUser, requireIds } from './become-process.ts';
import { findProgram } from './find-program.ts';
import { homeOf } from './home.ts';
import { NAMESPACE_BITS } from './namespace-bits.ts';
import {
  type Belated,
  type CreateOrder,
  EXTRA_FD,
  type ExecOrder,
  type InitOrder,
  type InitReport,
  ORDERS_FD,
  REPORTS_FD,
} from './order.ts';
import { INIT_ANNOTATION } from './small-init.ts';
import { makeTimeNamespace } from './time-namespace.ts';

/**
 * The first program of a container's process: waits for its order, makes or enters the container, and becomes the
 * container's own program. Everything is synchronous and in this one thread, because namespaces, roots and
 * credentials are a thread's, and only this thread survives execve(2).
 */
export function runInit(): never {
  hideFromOthers();
  let whereFailuresGo = REPORTS_FD;
  try {
    // /proc is still the host's.
    report({ at: 'awake', pid: Number(readlinkSync('/proc/self')) });
    const order = JSON.parse(readLine()) as InitOrder;
    if (order.kind === 'create' && order.belated !== null) catchUp(order.belated);
    requireIds(order.process);
    if (order.kind === 'exec') runExec(order);
    runCreate(order, (fd) => {
      whereFailuresGo = fd;
    });
  } catch (error) {
    const failure = { failure: asFailure(error).toJSON() };
    writeSync(whereFailuresGo, `${JSON.stringify(failure)}\n`);
    process.exit(127);
  }
}

function runCreate(order: CreateOrder, failuresGoTo: (fd: number) => void): never {
  const { spec } = order;
  startSession();
  enterNamespaces(order);
  applySysctls(order);
  applyOomScore(order.process);
  if (order.outsideHooks) {
    report({ at: 'namespaces' });
    readLine();
  }
  const start = openSync(order.startFifo, O.RDWR | O.CLOEXEC);
  const started = openSync(order.startedFifo, O.RDWR | O.CLOEXEC);
  enterRootfs({
    spec,
    rootfs: order.rootfs,
    bundle: order.bundle,
    cgroups: order.cgroups,
    inUserNamespace: inUserNamespace(),
    beforePivot: () => runHooks(spec, 'createContainer', order.state),
    ...(order.process.terminal
      ? { terminal: (root: InRoot) => openTerminal(order, `/proc/self/fd/${root.fd}/dev/pts/ptmx`) }
      : {}),
  });
  prepareStreams(order);
  const launch = prepare(order, () => {
    report({ at: 'ready' });
    closeSync(REPORTS_FD);
    closeSync(ORDERS_FD);
    failuresGoTo(started);
    readSync(start, new Uint8Array(1));
    closeSync(start);
    runHooks(spec, 'startContainer', order.state);
  });
  return launch();
}

function runExec(order: ExecOrder): never {
  startSession();
  // setns(2): a thread that shares its root and working directory with others cannot enter a mount namespace.
  unshare(CLONE.FS);
  for (const [type, bit] of Object.entries(NAMESPACE_BITS)) {
    if (!(order.namespaces & bit)) continue;
    const name = type === 'network' ? 'net' : type === 'mount' ? 'mnt' : type;
    enterNamespaceAt(`/proc/${order.target}/ns/${name}`, bit);
  }
  process.chdir('/');
  if (order.process.terminal) openTerminal(order, '/dev/pts/ptmx');
  prepareStreams(order);
  return prepare(order, () => {
    report({ at: 'ready' });
    // Closes as the program is executed: whoever reads sees the end.
  })();
}

/**
 * Enters the namespaces that have a path, then makes the others, but for those this process was born in: mount, PID,
 * and a time namespace that has a path.
 */
function enterNamespaces({ spec }: CreateOrder): void {
  const namespaces = spec.linux.namespaces ?? [];
  const born = new Set<NamespaceType>(['mount', 'pid', 'time']);
  let fresh = 0;
  for (const { type, path } of namespaces) {
    if (born.has(type)) continue;
    if (path) enterNamespaceAt(path, NAMESPACE_BITS[type]);
    else fresh |= NAMESPACE_BITS[type];
  }
  unshare(fresh);
  if (fresh & CLONE.NEWNET) raiseLoopback();
  if (namespaces.some(({ type, path }) => type === 'time' && !path)) makeTimeNamespace(spec.linux.timeOffsets ?? {});
  if (spec.hostname) setHostName(spec.hostname);
  if (spec.domainname) setDomainName(spec.domainname);
}

/** Through the host's /proc, where nothing of the container's can stand in for it (CVE-2025-52881). */
function applySysctls({ spec }: CreateOrder): void {
  for (const [name, value] of Object.entries(spec.linux.sysctl ?? {})) {
    try {
      writeFileSync(`/proc/sys/${sysctlPath(name)}`, value);
    } catch (cause) {
      throw new Failure('failed', 'sysctl-refused', `sysctl ${name}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** Opens a terminal of the container's own devpts, hands its master out and makes it this session's. */
function openTerminal(order: InitOrder, multiplexer: string): number {
  const { master, slave } = openPseudoTerminal(multiplexer);
  if (order.size) resizeTerminal(master, order.size.columns, order.size.rows);
  report({ at: 'terminal', master });
  readLine();
  closeSync(master);
  takeTerminal(slave);
  for (const fd of [0, 1, 2]) duplicateTo(slave, fd);
  return slave;
}

/**
 * While /proc is still the host's. The executable keeps the read-only mount it was started from, wherever that is mounted
 * now: /proc/self/exe leads to the one it was executed by (CVE-2019-5736).
 */
function catchUp({ streams, mounts }: Belated): void {
  streams.forEach((path, stream) => {
    duplicateTo(openSync(path, stream === 0 ? O.RDONLY : O.WRONLY), stream);
  });
  // setns(2): a thread that shares its root and working directory with others cannot enter a mount namespace.
  unshare(CLONE.FS);
  enterNamespaceAt(mounts, CLONE.NEWNS);
  unshare(CLONE.NEWNS);
}

function prepareStreams(order: InitOrder): void {
  if (!order.nullIo || order.process.terminal) return;
  const fd = openSync('/dev/null', O.RDWR);
  for (const stream of [0, 1, 2]) duplicateTo(fd, stream);
}

/** Does what can fail, calls `ready`, which may wait, and gives back the last step. */
function prepare(order: InitOrder, ready: () => void): () => never {
  const { spec, process: wanted } = order;
  const filter = spec.linux.seccomp ? compileSeccomp(spec.linux.seccomp) : undefined;
  const env = withHome(wanted);
  applyLimits(wanted, order.openFiles);
  if (order.kind === 'create') makeWorkingFolder(wanted.cwd);
  enterWorkingFolder(wanted.cwd);
  const program = findProgram(wanted.args[0]!, env, wanted.cwd);
  return () => {
    ready();
    applyScheduling(wanted);
    becomeUser(spec, wanted, filter);
    enterWorkingFolder(wanted.cwd);
    for (let at = 0; at < order.extraFds; at++) duplicateTo(EXTRA_FD + at, 3 + at);
    handOnDescriptorsBelow(3 + order.extraFds);
    resetSignals();
    const init = order.kind === 'create' ? spec.annotations?.[INIT_ANNOTATION] : undefined;
    return init === undefined
      ? execute(program, wanted.args, env)
      : execute(init, [init, program, ...wanted.args], env);
  };
}

/** A working directory that is missing is made, as Docker's images expect. No link leads out of the root. */
function makeWorkingFolder(path: string): void {
  const root = InRoot.open('/');
  try {
    closeSync(root.makeFolder(path));
  } catch (error) {
    const failure = asFailure(error);
    if (!/EROFS|EACCES/.test(failure.code.toUpperCase())) throw error;
  } finally {
    root.dispose();
  }
}

/** chdir(2), and proof that it is inside: a leaked descriptor of the host's is not (CVE-2024-21626). */
function enterWorkingFolder(path: string): void {
  process.chdir(path);
  let inside = false;
  try {
    inside = process.cwd().startsWith('/');
  } catch {
    // getcwd(3): ENOENT for a folder that cannot be reached from this root.
  }
  if (!inside) throw new Failure('failed', 'cwd-outside', `cwd ${path}: is outside the container`);
}

function withHome({ env, user }: ProcessSpec): string[] {
  const lines = [...(env ?? [])];
  if (!lines.some((line) => line.startsWith('HOME='))) lines.push(`HOME=${homeOf(user.uid)}`);
  return lines;
}

function report(line: InitReport): void {
  writeSync(REPORTS_FD, `${JSON.stringify(line)}\n`);
}

/** One line of orders; what follows it is left alone. */
function readLine(): string {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(65536);
  for (;;) {
    const length = readSync(ORDERS_FD, chunk);
    if (length === 0) process.exit(1);
    const bytes = Buffer.from(chunk.subarray(0, length));
    chunks.push(bytes);
    if (bytes[length - 1] === 0x0a) return Buffer.concat(chunks).toString('utf8');
  }
}
