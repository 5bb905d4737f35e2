/** What a stream of JSON values yields: values, and complaints about what is not one. */
export type JsonItem = { readonly value: unknown } | { readonly error: 'syntax' | 'too-long' };

/** The longest message a client may send, in bytes. QMP commands are far shorter; snapshots and disks go by path. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

/**
 * Splits a byte stream into JSON objects. QMP clients need not put one message on one line, so the end of a message is
 * where its braces balance. After what is no message, or too long a one, it goes on behind the next newline.
 */
export class JsonStream {
  private pieces: Uint8Array[] = [];
  private length = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private skipping = false;

  push(chunk: Uint8Array): JsonItem[] {
    const items: JsonItem[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (this.skipping) {
        const end = chunk.indexOf(NEWLINE, at);
        if (end < 0) return items;
        this.skipping = false;
        at = end;
        start = end + 1;
        continue;
      }
      const byte = chunk[at]!;
      const ended = this.step(byte);
      if (ended === 'none') start = at + 1;
      if (ended === 'complete' || ended === 'broken') {
        this.keep(chunk.subarray(start, at + 1));
        start = at + 1;
        items.push(ended === 'complete' ? this.parse() : { error: 'syntax' });
        this.clear();
        if (ended === 'broken') this.skipping = byte !== NEWLINE;
      }
    }
    this.keep(chunk.subarray(start));
    if (this.length > MAX_MESSAGE_BYTES) {
      this.clear();
      this.skipping = true;
      items.push({ error: 'too-long' });
    }
    return items;
  }

  /** What one byte does: nothing outside a message, more of it, its end, or something no message starts with. */
  private step(byte: number): 'none' | 'more' | 'complete' | 'broken' {
    if (this.depth === 0) {
      if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) return 'none';
      if (!OPEN.has(byte)) return 'broken';
      this.depth = 1;
      return 'more';
    }
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else if (byte === QUOTE) this.inString = false;
      return 'more';
    }
    if (byte === QUOTE) this.inString = true;
    else if (OPEN.has(byte)) this.depth++;
    else if (CLOSE.has(byte)) this.depth--;
    return this.depth === 0 ? 'complete' : 'more';
  }

  private keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.length += piece.length;
    if (this.length <= MAX_MESSAGE_BYTES) this.pieces.push(piece.slice());
  }

  private parse(): JsonItem {
    if (this.length > MAX_MESSAGE_BYTES) return { error: 'too-long' };
    try {
      return { value: JSON.parse(Buffer.concat(this.pieces).toString('utf8')) };
    } catch {
      return { error: 'syntax' };
    }
  }

  private clear(): void {
    this.pieces = [];
    this.length = 0;
    this.depth = 0;
    this.inString = false;
    this.escaped = false;
  }
}
