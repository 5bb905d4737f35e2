import { closeSync } from 'node:fs';
import { addressOf, checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cBpf = libcFunction<[number, number, Uint8Array, number], number>(
  'long syscall(long number, int command, void *attributes, size_t size)',
);

const SYS_BPF = 321;
/** bpf(2) commands and types, uapi/linux/bpf.h. */
const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_PROG_QUERY = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const ATTRIBUTES_BYTES = 128;
const MAX_PROGRAMS = 64;

/** Loads a device program and attaches it to an open cgroup, instead of those that are attached there. */
export function attachDeviceProgram(cgroup: number, program: Uint8Array): void {
  const before = attachedPrograms(cgroup);
  const license = Buffer.from('Apache\0');
  const fd = bpf('load', BPF_PROG_LOAD, (view) => {
    view.setUint32(0, BPF_PROG_TYPE_CGROUP_DEVICE, true);
    view.setUint32(4, program.length / 8, true);
    view.setBigUint64(8, addressOf(program), true);
    view.setBigUint64(16, addressOf(license), true);
  });
  try {
    bpf('attach', BPF_PROG_ATTACH, (view) => {
      view.setUint32(0, cgroup, true);
      view.setUint32(4, fd, true);
      view.setUint32(8, BPF_CGROUP_DEVICE, true);
      view.setUint32(12, BPF_F_ALLOW_MULTI, true);
    });
    for (const id of before) detach(cgroup, id);
  } finally {
    closeSync(fd);
  }
}

function attachedPrograms(cgroup: number): number[] {
  const ids = new Uint32Array(MAX_PROGRAMS);
  let count = 0;
  bpf('query', BPF_PROG_QUERY, (view) => {
    view.setUint32(0, cgroup, true);
    view.setUint32(4, BPF_CGROUP_DEVICE, true);
    view.setBigUint64(16, addressOf(ids), true);
    view.setUint32(24, MAX_PROGRAMS, true);
    return (after: DataView) => {
      count = after.getUint32(24, true);
    };
  });
  return [...ids.subarray(0, count)];
}

function detach(cgroup: number, id: number): void {
  const fd = bpf('find', BPF_PROG_GET_FD_BY_ID, (view) => view.setUint32(0, id, true));
  try {
    bpf('detach', BPF_PROG_DETACH, (view) => {
      view.setUint32(0, cgroup, true);
      view.setUint32(4, fd, true);
      view.setUint32(8, BPF_CGROUP_DEVICE, true);
    });
  } finally {
    closeSync(fd);
  }
}

// biome-ignore lint/suspicious/noConfusingVoidType: most callers have nothing to look at afterwards.
function bpf(what: string, command: number, fill: (view: DataView) => void | ((after: DataView) => void)): number {
  const attributes = new Uint8Array(ATTRIBUTES_BYTES);
  const view = new DataView(attributes.buffer);
  const after = fill(view);
  const result = cBpf(SYS_BPF, command, attributes, ATTRIBUTES_BYTES);
  if (result < 0 && errnoName(errno()) === 'EPERM') {
    throw new SystemCallFailure('bpf', errno(), 'device policy', { hint: 'only root may set one' });
  }
  checked(result, `bpf(${what})`, 'device policy');
  after?.(view);
  return result;
}
