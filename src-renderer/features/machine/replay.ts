/**
 * The part of a console's output that was printed before this terminal looked. A terminal answers questions in what it
 * draws (cursor position, its kind); asked long ago, they must not be answered into whatever runs now.
 */
export class Replay {
  private toArrive = 0;
  private toParse = 0;

  /** Whether what the terminal says now is an answer to old output. */
  get active(): boolean {
    return this.toParse > 0;
  }

  begin(bytes: number): void {
    this.toArrive = bytes;
    this.toParse = bytes;
  }

  /** Of `bytes` that have arrived, how many are old. */
  taken(bytes: number): number {
    const old = Math.min(bytes, this.toArrive);
    this.toArrive -= old;
    return old;
  }

  /** The terminal has been through `bytes` old ones. */
  parsed(bytes: number): void {
    this.toParse = Math.max(0, this.toParse - bytes);
  }

  /** A person types: from here on everything counts, however much was announced. */
  end(): void {
    this.begin(0);
  }
}
