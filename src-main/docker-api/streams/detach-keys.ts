import { Failure } from '../../base/failure.ts';

/** ^P ^Q, Docker's default. */
const DEFAULT = 'ctrl-p,ctrl-q';

/** Finds the keys by which somebody leaves a terminal without ending what runs in it. */
export class DetachKeys {
  private readonly sequence: readonly number[];
  private matched = 0;

  constructor(keys: string) {
    this.sequence = (keys || DEFAULT).split(',').map(byteOf);
  }

  /** What of `chunk` is for the process. A beginning of the sequence is held back until it is clear that it is none. */
  pass(chunk: Buffer): { bytes: Buffer; detached: boolean } {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte === this.sequence[this.matched]) {
        this.matched++;
        if (this.matched === this.sequence.length) return { bytes: Buffer.from(passed), detached: true };
        continue;
      }
      passed.push(...this.sequence.slice(0, this.matched));
      this.matched = byte === this.sequence[0] ? 1 : 0;
      if (this.matched === 0) passed.push(byte);
    }
    return { bytes: Buffer.from(passed), detached: false };
  }
}

/** `a`, or `ctrl-` and one of `a`–`z`, `@`, `^`, `[`, `,`, `_`, `\`, `]`. */
function byteOf(key: string): number {
  if (key.length === 1) return key.charCodeAt(0);
  const [, letter] = /^ctrl-([a-z@^[\]\\_,])$/i.exec(key) ?? [];
  if (letter === undefined) throw new Failure('usage', 'bad-detach-keys', `Invalid detach keys (${key}) provided`);
  return letter.toUpperCase().charCodeAt(0) & 0x1f;
}
