import { closeSync, openSync } from 'node:fs';
import { attachDeviceProgram } from '../../linux/bpf-device.ts';
import type { DeviceRule } from '../runtime/spec/linux.ts';

/** uapi/linux/bpf.h. */
const TYPE_BITS = { b: 1, c: 2 } as const;
const ACCESS_BITS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/** eBPF instructions: opcode, destination | source << 4, offset, immediate. */
type Instruction = readonly [number, number, number, number];
const LDX_W = 0x61;
const MOV_X = 0xbf;
const MOV_K = 0xb7;
const AND_K = 0x57;
const RSH_K = 0x77;
const JNE_K = 0x55;
const JSET_K = 0x45;
const EXIT = 0x95;
/** Instructions of a rule that asks nothing. */
const VERDICT = 2;

/**
 * Replaces the device policy of a cgroup of version 2 by a program of ours: Linux cgroup-v2.rst §Device controller.
 * The last rule that fits an access decides, so the program asks them in reverse; none fitting, it is denied.
 */
export function attachDevicePolicy(cgroup: string, rules: readonly DeviceRule[]): void {
  const fd = openSync(cgroup, 'r');
  try {
    attachDeviceProgram(fd, deviceProgram(rules));
  } finally {
    closeSync(fd);
  }
}

/** r2: type, r3: access, r4: major, r5: minor of the access in question. */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const program: Instruction[] = [
    [LDX_W, 2 | (1 << 4), 0, 0],
    [MOV_X, 3 | (2 << 4), 0, 0],
    [AND_K, 2, 0, 0xffff],
    [RSH_K, 3, 0, 16],
    [LDX_W, 4 | (1 << 4), 4, 0],
    [LDX_W, 5 | (1 << 4), 8, 0],
  ];
  // The kernel refuses code that cannot be reached: what is asked before a rule for everything is never asked.
  const everything = rules.findLastIndex((rule) => ruleCode(rule).length === VERDICT);
  for (const rule of rules.slice(Math.max(everything, 0)).reverse()) program.push(...ruleCode(rule));
  if (everything < 0) program.push([MOV_K, 0, 0, 0], [EXIT, 0, 0, 0]);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, registers, offset, immediate], at) => {
    view.setUint8(at * 8, code);
    view.setUint8(at * 8 + 1, registers);
    view.setInt16(at * 8 + 2, offset, true);
    view.setInt32(at * 8 + 4, immediate, true);
  });
  return bytes;
}

/** An allowing rule fits when it covers every access asked for; a denying one when it covers any. */
function ruleCode({ allow, type = 'a', major = -1, minor = -1, access = 'rwm' }: DeviceRule): Instruction[] {
  const bits = [...(access || 'rwm')].reduce((sum, letter) => sum | (ACCESS_BITS[letter] ?? 0), 0);
  const verdict: Instruction[] = [
    [MOV_K, 0, 0, allow ? 1 : 0],
    [EXIT, 0, 0, 0],
  ];
  const conditions: (readonly [number, number, number])[] = [];
  if (type !== 'a') conditions.push([JNE_K, 2, TYPE_BITS[type]]);
  if (major >= 0) conditions.push([JNE_K, 4, major]);
  if (minor >= 0) conditions.push([JNE_K, 5, minor]);
  const code: Instruction[] = [];
  if (bits !== 7) {
    // An allowing rule is left out when a bit outside is asked for; a denying one is taken when one inside is.
    if (allow) conditions.push([JSET_K, 3, 7 & ~bits]);
    else code.push([JSET_K, 3, 1, bits]);
  }
  const skip = (after: number): number => after + code.length + (code.length > 0 ? 1 : 0) + verdict.length;
  const tests = conditions.map(
    ([opcode, register, value], at): Instruction => [opcode, register, skip(conditions.length - at - 1), value],
  );
  // JA over the verdict where no denied bit was asked for.
  const gate: Instruction[] = code.length > 0 ? [...code, [0x05, 0, verdict.length, 0]] : [];
  return [...tests, ...gate, ...verdict];
}
