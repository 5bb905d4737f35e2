import { MessageReader, MessageWriter, MOST_BYTES, T } from '../../src-main/shares/messages.ts';
import { NineServer } from '../../src-main/shares/nine-server.ts';
import { SharedFolder } from '../../src-main/shares/shared-folder.ts';

const REQUEST_BYTES = 65_536;

/** What a server refused: a Linux errno. */
export class NineRefusal extends Error {
  constructor(readonly errno: number) {
    super(`refused: errno ${errno}`);
  }
}

/** A guest's side of 9P2000.L, as plain as the protocol: one method sends any message. */
export class NineClient {
  readonly server: NineServer;
  private readonly reply = new Uint8Array(MOST_BYTES);
  private nextFid = 1;

  constructor(folder: string, readOnly = false) {
    this.server = new NineServer(SharedFolder.open(folder, readOnly));
    this.send(T.VERSION, (ask) => ask.u32(MOST_BYTES).text('9P2000.L'));
    this.send(T.ATTACH, (ask) => ask.u32(0).u32(0xffff_ffff).text('root').text('').u32(0));
  }

  /** Sends a message; its answer. Throws `NineRefusal`. */
  send(type: number, fill: (ask: MessageWriter) => void): MessageReader {
    // One of its own, for a message may be filled with what others answer.
    const request = new Uint8Array(REQUEST_BYTES);
    const writer = new MessageWriter(request, REQUEST_BYTES);
    fill(writer);
    const length = this.server.answer(request.subarray(0, writer.finish(type, 7)), this.reply);
    const answer = new MessageReader(this.reply.subarray(0, length));
    if (this.reply[4] === T.LERROR + 1) throw new NineRefusal(answer.u32());
    if (this.reply[4] !== type + 1) throw new Error(`answered with ${this.reply[4]}`);
    return answer;
  }

  /** Walks from the folder itself; the fid it led to. */
  walk(...names: readonly string[]): number {
    const fid = this.nextFid++;
    const answer = this.send(T.WALK, (ask) => {
      ask.u32(0).u32(fid).u16(names.length);
      for (const name of names) ask.text(name);
    });
    const done = answer.u16();
    if (done < names.length) throw new NineRefusal(2);
    return fid;
  }

  open(fid: number, flags = 0): number {
    this.send(T.LOPEN, (ask) => ask.u32(fid).u32(flags));
    return fid;
  }

  /** Makes a file in the folder `fid`, which becomes the file. */
  create(fid: number, name: string, flags = 0o2, mode = 0o644): number {
    this.send(T.LCREATE, (ask) => ask.u32(fid).text(name).u32(flags).u32(mode).u32(0));
    return fid;
  }

  read(fid: number, offset = 0, count = 65_536): string {
    const answer = this.send(T.READ, (ask) => ask.u32(fid).u64(BigInt(offset)).u32(count));
    return Buffer.from(answer.rest(answer.u32())).toString('latin1');
  }

  write(fid: number, text: string, offset = 0): number {
    const answer = this.send(T.WRITE, (ask) => {
      ask.u32(fid).u64(BigInt(offset)).u32(text.length);
      ask.gap(text.length).set(Buffer.from(text, 'latin1'));
    });
    return answer.u32();
  }

  /** The names in an open directory, read in portions of `count` bytes. */
  list(fid: number, count = 200): string[] {
    const names: string[] = [];
    for (let offset = 0n; ; ) {
      const answer = this.send(T.READDIR, (ask) => ask.u32(fid).u64(offset).u32(count));
      let left = answer.u32();
      if (left === 0) return names;
      while (left > 0) {
        answer.rest(13);
        offset = answer.u64();
        answer.u8();
        const name = answer.text();
        names.push(name);
        left -= 13 + 8 + 1 + 2 + name.length;
      }
    }
  }

  /** Mode, uid, size, as Tgetattr answers. */
  attributes(fid: number): { mode: number; size: number } {
    const answer = this.send(T.GETATTR, (ask) => ask.u32(fid).u64(0x7ffn));
    answer.rest(8 + 13);
    const mode = answer.u32();
    answer.rest(4 + 4 + 8 + 8);
    return { mode, size: Number(answer.u64()) };
  }

  /** A raw message, however malformed; the answer's bytes. */
  raw(bytes: Uint8Array): Uint8Array {
    return this.reply.subarray(0, this.server.answer(bytes, this.reply));
  }

  [Symbol.dispose](): void {
    this.server.dispose();
  }
}
