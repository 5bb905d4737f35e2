import { describe, expect, test } from 'vitest';
import { compileSeccomp } from '../../../../src-main/containers/runtime/seccomp/compile.ts';
import { defaultSeccomp } from '../../../../src-main/containers/runtime/seccomp/default-policy.ts';
import { SYSCALLS } from '../../../../src-main/containers/runtime/seccomp/syscalls.ts';
import type { Seccomp, SyscallRule } from '../../../../src-main/containers/runtime/spec/linux.ts';

const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;
const ALLOW = 0x7fff_0000;
const errno = (code: number): number => 0x0005_0000 + code;
const [EPERM, ENOSYS] = [1, 38];

/** The kernel's side: runs a filter as bpf_prog_run does over one struct seccomp_data. */
function verdict(program: Uint8Array, arch: number, number: number, args: readonly bigint[] = []): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  for (const [at, value] of args.entries()) data.setBigUint64(16 + at * 8, BigInt.asUintN(64, value), true);
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, yes, no, k] = [
      view.getUint16(at * 8, true),
      view.getUint8(at * 8 + 2),
      view.getUint8(at * 8 + 3),
      view.getUint32(at * 8 + 4, true),
    ];
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x06) return k;
    else if (code === 0x15) at += accumulator === k ? yes : no;
    else if (code === 0x25) at += accumulator > k ? yes : no;
    else if (code === 0x35) at += accumulator >= k ? yes : no;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error('the program does not return');
}

const policy = (...syscalls: SyscallRule[]): Seccomp => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  flags: null,
  syscalls,
});
const rule = (names: string[], op?: string, value = 0, valueTwo?: number): SyscallRule => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  args: op === undefined ? null : [{ index: 0, op, value, ...(valueTwo === undefined ? {} : { valueTwo }) }],
});
const number = (name: string): number => SYSCALLS.get(name)!.x86_64!;

describe('the system call filter', () => {
  test('OCI runtime 1.2 config-linux §Seccomp: each call by its architecture’s own number', () => {
    const { program } = compileSeccomp(policy(rule(['read', 'socketcall', 'exit_group'])));
    expect(verdict(program, X86_64, 0)).toBe(ALLOW);
    expect(verdict(program, X86_64, 1)).toBe(errno(EPERM));
    expect(verdict(program, I386, 3)).toBe(ALLOW);
    expect(verdict(program, I386, 102)).toBe(ALLOW);
    expect(verdict(program, I386, 0)).toBe(errno(EPERM));
    expect(verdict(program, X86_64, 0x4000_0000)).toBe(ALLOW);
  });

  test('an architecture that is not listed is killed', () => {
    const { program } = compileSeccomp({ ...policy(rule(['read'])), architectures: ['SCMP_ARCH_X86_64'] });
    expect(verdict(program, I386, 3)).toBe(0x8000_0000);
    expect(verdict(program, 0xc000_00b7, 63)).toBe(0x8000_0000);
    expect(verdict(program, X86_64, 0x4000_0000)).not.toBe(ALLOW);
  });

  test('every comparison, over all 64 bits', () => {
    const big = 2 ** 40 + 5;
    const table: readonly (readonly [string, bigint, boolean])[] = [
      ['SCMP_CMP_EQ', BigInt(big), true],
      ['SCMP_CMP_EQ', 5n, false],
      ['SCMP_CMP_NE', 5n, true],
      ['SCMP_CMP_NE', BigInt(big), false],
      ['SCMP_CMP_LT', BigInt(big) - 1n, true],
      ['SCMP_CMP_LT', 2n ** 41n, false],
      ['SCMP_CMP_LT', BigInt(big), false],
      ['SCMP_CMP_LE', BigInt(big), true],
      ['SCMP_CMP_LE', BigInt(big) + 1n, false],
      ['SCMP_CMP_GT', 2n ** 63n, true],
      ['SCMP_CMP_GT', BigInt(big), false],
      ['SCMP_CMP_GE', BigInt(big), true],
      ['SCMP_CMP_GE', 7n, false],
    ];
    for (const [op, argument, holds] of table) {
      const { program } = compileSeccomp(policy(rule(['socket'], op, big)));
      expect([op, argument, verdict(program, X86_64, number('socket'), [argument])]).toEqual([
        op,
        argument,
        holds ? ALLOW : errno(EPERM),
      ]);
    }
  });

  test('comparisons of one argument with several values are alternatives', () => {
    const both = { ...rule(['socket']), args: [1, 2].map((value) => ({ index: 0, op: 'SCMP_CMP_EQ', value })) };
    const { program } = compileSeccomp(policy(both));
    expect([1n, 2n, 3n].map((value) => verdict(program, X86_64, number('socket'), [value]))).toEqual([
      ALLOW,
      ALLOW,
      errno(EPERM),
    ]);
  });

  test('Docker’s default: namespaces by clone refused, threads not; clone3 unknown; newer calls unknown', () => {
    const { program } = compileSeccomp(defaultSeccomp([]));
    const asked = (name: string, ...args: bigint[]): number => verdict(program, X86_64, number(name), args);
    expect(asked('clone', 0x3d0f00n)).toBe(ALLOW);
    expect(asked('clone', 0x1000_0000n)).toBe(errno(EPERM));
    expect(asked('clone3')).toBe(errno(ENOSYS));
    expect(verdict(program, X86_64, 4000)).toBe(errno(ENOSYS));
    for (const name of ['unshare', 'mount', 'bpf', 'keyctl', 'io_uring_setup', 'reboot', 'kexec_load']) {
      expect([name, asked(name)]).toEqual([name, errno(EPERM)]);
    }
    for (const name of ['read', 'execve', 'openat', 'futex', 'ptrace', 'setuid', 'capset', 'prctl']) {
      expect([name, asked(name)]).toEqual([name, ALLOW]);
    }
    expect(asked('socket', 40n)).toBe(errno(EPERM));
    expect(asked('socket', 2n)).toBe(ALLOW);
    expect(asked('personality', 8n)).toBe(ALLOW);
    expect(asked('personality', 0x40_0000n)).toBe(errno(EPERM));
  });

  test('Docker’s default: a capability brings its calls', () => {
    const { program } = compileSeccomp(defaultSeccomp(['CAP_SYS_ADMIN', 'CAP_SYS_BOOT']));
    for (const name of ['unshare', 'mount', 'bpf', 'clone3', 'reboot', 'setns']) {
      expect([name, verdict(program, X86_64, number(name))]).toEqual([name, ALLOW]);
    }
    expect(verdict(program, X86_64, number('clone'), [0x1000_0000n])).toBe(ALLOW);
  });
});
