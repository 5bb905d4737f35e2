/** Undrawn bytes above which reading the serial socket pauses; the VM host's slow-visitor rule takes over from there. */
export const highWatermark = 512 * 1024;
/** Undrawn bytes below which reading goes on. */
export const lowWatermark = 128 * 1024;
/** Frames the terminal may owe an acknowledgement for before further bytes are gathered into larger ones. */
const framesInFlight = 4;

export interface ConsoleFlowEnds {
  deliver(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
}

/**
 * Between a guest that can print megabytes a second and a terminal that draws what it can. A lone keystroke's echo
 * passes at once; a flood is gathered into large frames, and above the watermark its source is not read any more.
 */
export class ConsoleFlow {
  private readonly inFlight: number[] = [];
  private readonly held: Uint8Array[] = [];
  private heldBytes = 0;
  private undrawnBytes = 0;
  private paused = false;

  constructor(private readonly ends: ConsoleFlowEnds) {}

  arrived(bytes: Uint8Array): void {
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    this.deliverIfDue();
    if (!this.paused && this.heldBytes + this.undrawnBytes > highWatermark) {
      this.paused = true;
      this.ends.pause();
    }
  }

  /** The terminal has drawn `bytes` more. */
  drawn(bytes: number): void {
    let left = bytes;
    while (left > 0 && this.inFlight.length > 0) {
      const first = this.inFlight[0] as number;
      const taken = Math.min(first, left);
      left -= taken;
      this.undrawnBytes -= taken;
      if (taken === first) this.inFlight.shift();
      else this.inFlight[0] = first - taken;
    }
    this.deliverIfDue();
    if (this.paused && this.heldBytes + this.undrawnBytes < lowWatermark) {
      this.paused = false;
      this.ends.resume();
    }
  }

  /** Delivers what is held, drawn or not: the source has ended. */
  flush(): void {
    if (this.heldBytes > 0) this.deliverHeld();
  }

  private deliverIfDue(): void {
    if (this.heldBytes === 0 || this.inFlight.length >= framesInFlight || this.undrawnBytes >= lowWatermark) return;
    this.deliverHeld();
  }

  private deliverHeld(): void {
    const frame = this.held.length === 1 ? (this.held[0] as Uint8Array) : joined(this.held, this.heldBytes);
    this.held.length = 0;
    this.heldBytes = 0;
    this.inFlight.push(frame.length);
    this.undrawnBytes += frame.length;
    this.ends.deliver(frame);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
