import { Failure } from '../../base/failure.ts';

/** How vCPUs are laid out: sockets × cores of each × threads of each. */
export interface Topology {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

export interface VcpuPlace {
  readonly socket: number;
  readonly core: number;
  readonly thread: number;
}

/** As many as the machine can have (issue of APIC ids below 255 apart, KVM's own limit is higher). */
export const MAX_VCPUS = 64;

export function vcpuCount({ sockets, cores, threads }: Topology): number {
  return sockets * cores * threads;
}

/** Refuses what cannot be built, with the reason. */
export function checkTopology(topology: Topology): Topology {
  for (const [name, count] of Object.entries(topology)) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new Failure('usage', 'bad-topology', `topology: ${name} must be a whole number from 1, not ${count}`);
    }
  }
  const count = vcpuCount(topology);
  if (count > MAX_VCPUS) {
    throw new Failure('usage', 'bad-topology', `topology: ${count} vCPUs are more than ${MAX_VCPUS}`);
  }
  return topology;
}

/** One socket with that many cores: what a plain number of vCPUs means. */
export function flatTopology(cpus: number): Topology {
  return checkTopology({ sockets: 1, cores: cpus, threads: 1 });
}

/** Where vCPU `index` sits: threads of a core are neighbours, then cores of a socket. */
export function placeOfVcpu(index: number, { cores, threads }: Topology): VcpuPlace {
  return {
    thread: index % threads,
    core: Math.floor(index / threads) % cores,
    socket: Math.floor(index / (threads * cores)),
  };
}

/** Bits of the APIC id below the core's number: as many as the threads of a core need (SDM 3A §9.9.1). */
export function coreShift({ threads }: Topology): number {
  return widthOf(threads);
}

/** Bits of the APIC id below the socket's number. */
export function socketShift({ cores, threads }: Topology): number {
  return widthOf(threads) + widthOf(cores);
}

/** The APIC id: socket, core and thread in fields of their own, so odd counts leave gaps (SDM 3A §9.9.1). */
export function apicIdOf(index: number, topology: Topology): number {
  const { socket, core, thread } = placeOfVcpu(index, topology);
  return (socket << socketShift(topology)) | (core << coreShift(topology)) | thread;
}

function widthOf(count: number): number {
  return 32 - Math.clz32(count - 1);
}
