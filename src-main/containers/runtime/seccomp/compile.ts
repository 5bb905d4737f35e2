import { constants } from 'node:os';
import { Failure } from '../../../base/failure.ts';
import { SECCOMP_FLAGS } from '../../../linux/seccomp.ts';
import type { Seccomp, SyscallRule } from '../spec/linux.ts';
import { BpfAssembler, Label } from './bpf.ts';
import { SYSCALLS } from './syscalls.ts';

/** A filter as the kernel takes it. */
export interface SeccompProgram {
  readonly program: Uint8Array;
  readonly flags: number;
}

/** struct seccomp_data of linux/seccomp.h. */
const NR = 0;
const ARCH = 4;
const argument = (index: number): number => 16 + index * 8;

/** linux/audit.h. */
const AUDIT_ARCH_X86_64 = 0xc000_003e;
const AUDIT_ARCH_I386 = 0x4000_0003;
/** asm/unistd.h: an x32 call's number has this bit. */
const X32_BIT = 0x4000_0000;

const EPERM = constants.errno.EPERM;
const ENOSYS = constants.errno.ENOSYS;
/** linux/seccomp.h SECCOMP_RET_*. */
const RETURNS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
};

type Comparison = NonNullable<SyscallRule['args']>[number];

/** What happens on one system call: the first rule whose every comparison holds, else the default. */
interface Verdict {
  readonly comparisons: readonly Comparison[];
  readonly result: number;
}

/** A run of numbers with one verdict list. */
interface Range {
  readonly from: number;
  readonly verdicts: readonly Verdict[];
}

/** Compiles `linux.seccomp` (OCI runtime 1.2 config-linux §Seccomp) for x86-64, i386 and x32 programs. */
export function compileSeccomp(seccomp: Seccomp): SeccompProgram {
  const architectures = seccomp.architectures ?? ['SCMP_ARCH_X86_64'];
  const otherwise = resultOf(seccomp.defaultAction, seccomp.defaultErrnoRet);
  const bpf = new BpfAssembler();
  const i386 = new Label();
  const wide = new Label();
  const strange = new Label();
  bpf.load(ARCH);
  bpf.jump('eq', AUDIT_ARCH_X86_64, wide);
  if (architectures.includes('SCMP_ARCH_X86')) {
    bpf.jump('eq', AUDIT_ARCH_I386, undefined, strange);
    bpf.goto(i386);
  }
  bpf.mark(strange);
  bpf.return(RETURNS.SCMP_ACT_KILL_PROCESS!);
  bpf.mark(wide);
  bpf.load(NR);
  const x32 = architectures.includes('SCMP_ARCH_X32');
  emitRanges(bpf, withX32(rangesFor('x86_64', seccomp, otherwise), x32, otherwise));
  if (architectures.includes('SCMP_ARCH_X86')) {
    bpf.mark(i386);
    bpf.load(NR);
    emitRanges(bpf, rangesFor('i386', seccomp, otherwise));
  }
  return { program: bpf.assemble(), flags: flagsOf(seccomp) };
}

function flagsOf({ flags, listenerPath, listenerMetadata }: Seccomp): number {
  if (listenerPath) throw unsupported('listenerPath');
  if (listenerMetadata) throw unsupported('listenerMetadata');
  return (flags ?? []).reduce((bits, name) => {
    const bit = SECCOMP_FLAGS[name];
    if (bit === undefined) throw unsupported(`flag ${name}`);
    // TSYNC would ask the threads of the init for agreement, which end anyway.
    return name === 'SECCOMP_FILTER_FLAG_TSYNC' ? bits : bits | bit;
  }, 0);
}

function resultOf(action: string, errnoRet: number | undefined): number {
  const base = RETURNS[action];
  if (base === undefined) throw unsupported(`action ${action}`);
  const takesErrno = action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
  return takesErrno ? base + ((errnoRet ?? EPERM) & 0xffff) : base;
}

function unsupported(what: string): Failure {
  return new Failure('usage', 'bad-seccomp', `linux.seccomp: ${what} is not supported`);
}

/** The verdicts of every number from 0 up, neighbours with equal ones put together. */
function rangesFor(architecture: 'x86_64' | 'i386', seccomp: Seccomp, otherwise: number): Range[] {
  const verdicts = verdictsByNumber(architecture, seccomp, otherwise);
  const last = Math.max(0, ...verdicts.keys());
  const fallback: Verdict = { comparisons: [], result: otherwise };
  const ranges: Range[] = [];
  for (let number = 0; number <= last; number++) {
    const here = [...(verdicts.get(number) ?? []), fallback];
    const first = here.findIndex(({ comparisons }) => comparisons.length === 0);
    const list = here.slice(0, first + 1);
    const before = ranges.at(-1);
    const same = before?.verdicts.length === 1 && list.length === 1 && before.verdicts[0]!.result === list[0]!.result;
    if (!same) ranges.push({ from: number, verdicts: list });
  }
  ranges.push({ from: last + 1, verdicts: [{ comparisons: [], result: newerCalls(otherwise) }] });
  return ranges;
}

/**
 * Calls newer than any the policy names: where the policy denies with EPERM, ENOSYS, so that a C library falls back
 * to what it did before there was such a call. runc does the same.
 */
function newerCalls(otherwise: number): number {
  return otherwise === RETURNS.SCMP_ACT_ERRNO! + EPERM ? RETURNS.SCMP_ACT_ERRNO! + ENOSYS : otherwise;
}

function verdictsByNumber(
  architecture: 'x86_64' | 'i386',
  seccomp: Seccomp,
  otherwise: number,
): Map<number, Verdict[]> {
  const byNumber = new Map<number, Verdict[]>();
  for (const rule of seccomp.syscalls ?? []) {
    const result = resultOf(rule.action, rule.errnoRet);
    if (result === otherwise) continue;
    for (const name of rule.names) {
      const number = SYSCALLS.get(name)?.[architecture];
      if (number === undefined) continue;
      const list = byNumber.get(number) ?? [];
      for (const comparisons of alternatives(rule.args ?? [])) list.push({ comparisons, result });
      byNumber.set(number, list);
    }
  }
  return byNumber;
}

/** Comparisons of one argument with several values, which no value could all fulfil, are alternatives, as in runc. */
function alternatives(args: readonly Comparison[]): readonly (readonly Comparison[])[] {
  const distinct = new Set(args.map(({ index }) => index)).size === args.length;
  return distinct ? [args] : args.map((comparison) => [comparison]);
}

/** x32 shares the numbers below 512; without it its calls get the default. */
function withX32(ranges: Range[], allowed: boolean, otherwise: number): Range[] {
  if (!allowed) return [...ranges, { from: X32_BIT, verdicts: [{ comparisons: [], result: otherwise }] }];
  return [...ranges, ...ranges.map(({ from, verdicts }) => ({ from: from + X32_BIT, verdicts }))];
}

/** A binary search over the ranges, with the call's number in the accumulator. */
function emitRanges(bpf: BpfAssembler, ranges: readonly Range[]): void {
  if (ranges.length === 1) {
    emitVerdicts(bpf, ranges[0]!.verdicts);
    return;
  }
  const half = ranges.length >> 1;
  const [low, high] = [new Label(), new Label()];
  bpf.jump('ge', ranges[half]!.from, high);
  bpf.goto(low);
  bpf.mark(high);
  emitRanges(bpf, ranges.slice(half));
  bpf.mark(low);
  emitRanges(bpf, ranges.slice(0, half));
}

function emitVerdicts(bpf: BpfAssembler, verdicts: readonly Verdict[]): void {
  for (const { comparisons, result } of verdicts) {
    const next = new Label();
    for (const comparison of comparisons) emitComparison(bpf, comparison, next);
    bpf.return(result);
    bpf.mark(next);
  }
}

/** Falls through where the 64-bit comparison holds, goes to `fails` otherwise. */
function emitComparison(bpf: BpfAssembler, { index, op, value, valueTwo = 0 }: Comparison, fails: Label): void {
  if (index > 5) throw unsupported(`argument ${index}`);
  const [offset, holds] = [argument(index), new Label()];
  const wanted = unsigned(op === 'SCMP_CMP_MASKED_EQ' ? valueTwo : value);
  const [high, low] = halves(wanted);
  const [highMask, lowMask] = halves(unsigned(value));
  const masked = op === 'SCMP_CMP_MASKED_EQ';
  bpf.load(offset + 4);
  if (masked) bpf.and(highMask);
  switch (op) {
    case 'SCMP_CMP_EQ':
    case 'SCMP_CMP_MASKED_EQ':
      bpf.jump('eq', high, undefined, fails);
      bpf.load(offset);
      if (masked) bpf.and(lowMask);
      bpf.jump('eq', low, undefined, fails);
      break;
    case 'SCMP_CMP_NE':
      bpf.jump('eq', high, undefined, holds);
      bpf.load(offset);
      bpf.jump('eq', low, fails);
      break;
    case 'SCMP_CMP_GT':
    case 'SCMP_CMP_GE':
      bpf.jump('gt', high, holds);
      bpf.jump('eq', high, undefined, fails);
      bpf.load(offset);
      bpf.jump(op === 'SCMP_CMP_GT' ? 'gt' : 'ge', low, undefined, fails);
      break;
    case 'SCMP_CMP_LT':
    case 'SCMP_CMP_LE':
      bpf.jump('gt', high, fails);
      bpf.jump('eq', high, undefined, holds);
      bpf.load(offset);
      bpf.jump(op === 'SCMP_CMP_LT' ? 'ge' : 'gt', low, fails);
      break;
    default:
      throw unsupported(`comparison ${op}`);
  }
  bpf.mark(holds);
}

/** A uint64 as JSON carries it. */
function unsigned(value: number): bigint {
  return BigInt.asUintN(64, value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value));
}

function halves(value: bigint): [number, number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
}
