import type { Topology } from '../../../src-main/contract/machine.ts';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface DrawnSocket extends Box {
  box: Box;
  pins: Box[];
  cores: { box: Box; threads: Box[] }[];
}

export function processorsOf({ sockets, cores, threads }: Topology): number {
  return sockets * cores * threads;
}

/** One socket of so many cores: what a plain number of processors means. */
export function flat(cpus: number): Topology {
  return { sockets: 1, cores: cpus, threads: 1 };
}

export function isFlat({ sockets, threads }: Topology): boolean {
  return sockets === 1 && threads === 1;
}

/** A topology that can be drawn: within what a machine can have. */
function drawable(topology: Topology): Topology {
  const within = (count: number, most: number): number => Math.min(Math.max(1, Math.floor(count) || 1), most);
  const sockets = within(topology.sockets, 64);
  const cores = within(topology.cores, Math.floor(64 / sockets));
  return { sockets, cores, threads: within(topology.threads, Math.floor(64 / (sockets * cores))) };
}

const THREAD = { width: 10, height: 7, gap: 3 };
const CORE = { padding: 5, gap: 5 };
const SOCKET = { padding: 9, gap: 18, pin: 4 };
const ROW_WIDTH = 640;

/** Where everything is drawn, in pixels of the picture's own. */
export function layOut(topology: Topology): { width: number; height: number; sockets: DrawnSocket[] } {
  const { sockets, cores, threads } = drawable(topology);
  const core = coreSize(threads);
  const across = Math.min(cores, Math.max(1, Math.ceil(Math.sqrt(cores * 2))));
  const down = Math.ceil(cores / across);
  const width = 2 * SOCKET.padding + across * core.width + (across - 1) * CORE.gap;
  const height = 2 * SOCKET.padding + down * core.height + (down - 1) * CORE.gap;
  const step = { x: width + SOCKET.gap, y: height + SOCKET.gap };
  const perRow = Math.max(1, Math.min(sockets, Math.floor(ROW_WIDTH / step.x)));
  const drawn = Array.from({ length: sockets }, (_, index): DrawnSocket => {
    const x = SOCKET.gap / 2 + (index % perRow) * step.x;
    const y = SOCKET.gap / 2 + Math.floor(index / perRow) * step.y;
    const box = { x, y, width, height };
    return { ...box, box, pins: pinsOf(box), cores: coresOf(box, { cores, across, core, threads }) };
  });
  return { width: perRow * step.x, height: Math.ceil(sockets / perRow) * step.y, sockets: drawn };
}

function coreSize(threads: number): { width: number; height: number; across: number } {
  const across = Math.min(threads, 4);
  const down = Math.ceil(threads / across);
  return {
    across,
    width: Math.max(18, 2 * CORE.padding + across * THREAD.width + (across - 1) * THREAD.gap),
    height: 2 * CORE.padding + down * THREAD.height + (down - 1) * THREAD.gap,
  };
}

interface CorePlan {
  cores: number;
  across: number;
  core: ReturnType<typeof coreSize>;
  threads: number;
}

function coresOf({ x, y }: Box, { cores, across, core, threads }: CorePlan): DrawnSocket['cores'] {
  return Array.from({ length: cores }, (_, index) => {
    const left = x + SOCKET.padding + (index % across) * (core.width + CORE.gap);
    const top = y + SOCKET.padding + Math.floor(index / across) * (core.height + CORE.gap);
    const room = core.width - (core.across * THREAD.width + (core.across - 1) * THREAD.gap);
    return {
      box: { x: left, y: top, width: core.width, height: core.height },
      threads: Array.from({ length: threads }, (_, thread) => ({
        x: left + room / 2 + (thread % core.across) * (THREAD.width + THREAD.gap),
        y: top + CORE.padding + Math.floor(thread / core.across) * (THREAD.height + THREAD.gap),
        width: THREAD.width,
        height: THREAD.height,
      })),
    };
  });
}

/** The legs of a package, along its upper and lower edge. */
function pinsOf({ x, y, width, height }: Box): Box[] {
  const count = Math.max(2, Math.floor((width - 12) / 9));
  const step = (width - 16) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) => x + 8 + index * step - 1.5).flatMap((left) => [
    { x: left, y: y - SOCKET.pin, width: 3, height: SOCKET.pin },
    { x: left, y: y + height, width: 3, height: SOCKET.pin },
  ]);
}
