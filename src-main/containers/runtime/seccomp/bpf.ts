/** Classic BPF as seccomp(2) takes it: struct sock_filter of linux/filter.h, eight bytes each. */

const LD_W_ABS = 0x20;
const JMP_JA = 0x05;
const RET_K = 0x06;
const ALU_AND_K = 0x54;
/** Conditional jumps with a constant. */
const JUMPS = { eq: 0x15, gt: 0x25, ge: 0x35 } as const;

type Condition = keyof typeof JUMPS;

/** A place in the program, known once it is `mark`ed. */
export class Label {
  at: number | undefined;
}

interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly to?: Label;
  readonly whenTrue?: Label;
  readonly whenFalse?: Label;
}

/** Assembles a program whose jumps go forward, to labels. */
export class BpfAssembler {
  private readonly instructions: Instruction[] = [];

  /** Loads the 32-bit word at `offset` of struct seccomp_data. */
  load(offset: number): void {
    this.instructions.push({ code: LD_W_ABS, k: offset });
  }

  and(mask: number): void {
    this.instructions.push({ code: ALU_AND_K, k: mask });
  }

  return(value: number): void {
    this.instructions.push({ code: RET_K, k: value });
  }

  goto(to: Label): void {
    this.instructions.push({ code: JMP_JA, k: 0, to });
  }

  /** Goes to a label either way; one that is left out is the next instruction. At most 255 instructions ahead. */
  jump(condition: Condition, k: number, whenTrue?: Label, whenFalse?: Label): void {
    this.instructions.push({
      code: JUMPS[condition],
      k,
      ...(whenTrue ? { whenTrue } : {}),
      ...(whenFalse ? { whenFalse } : {}),
    });
  }

  mark(label: Label): void {
    label.at = this.instructions.length;
  }

  assemble(): Uint8Array {
    const bytes = new Uint8Array(this.instructions.length * 8);
    const view = new DataView(bytes.buffer);
    this.instructions.forEach(({ code, k, to, whenTrue, whenFalse }, at) => {
      const distance = (label: Label | undefined): number => (label === undefined ? 0 : label.at! - at - 1);
      view.setUint16(at * 8, code, true);
      view.setUint8(at * 8 + 2, distance(whenTrue));
      view.setUint8(at * 8 + 3, distance(whenFalse));
      view.setUint32(at * 8 + 4, to ? distance(to) : k >>> 0, true);
    });
    return bytes;
  }
}
