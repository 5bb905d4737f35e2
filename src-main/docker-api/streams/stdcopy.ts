/**
 * Docker's multiplexed stream: output and errors of a container without a terminal over one connection.
 * Docker API 1.47 ContainerAttach, "Stream format": one byte for which stream, three zeros, a big-endian length, the bytes.
 */
const HEADER_BYTES = 8;
/** A peer that says more than this in one frame is none of ours. */
const FRAME_MAX = 64 << 20;

export type OutputName = 'stdin' | 'stdout' | 'stderr';

const NUMBER_OF: Record<OutputName, number> = { stdin: 0, stdout: 1, stderr: 2 };
const NAME_OF: readonly OutputName[] = ['stdin', 'stdout', 'stderr'];

export function frame(output: OutputName, bytes: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  framed.writeUInt32BE(NUMBER_OF[output] << 24, 0);
  framed.writeUInt32BE(bytes.length, 4);
  framed.set(bytes, HEADER_BYTES);
  return framed;
}

export interface Frame {
  readonly output: OutputName;
  readonly bytes: Buffer;
}

/** Takes a multiplexed stream apart, however it is cut into chunks. Throws on what is no such stream. */
export class Unframer {
  private held: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): Frame[] {
    this.held = this.held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.held, chunk]);
    const frames: Frame[] = [];
    while (this.held.length >= HEADER_BYTES) {
      const output = NAME_OF[this.held[0] as number];
      const length = this.held.readUInt32BE(4);
      if (output === undefined || length > FRAME_MAX) throw new Error('not a multiplexed stream');
      if (this.held.length < HEADER_BYTES + length) break;
      frames.push({ output, bytes: this.held.subarray(HEADER_BYTES, HEADER_BYTES + length) });
      this.held = this.held.subarray(HEADER_BYTES + length);
    }
    return frames;
  }
}
