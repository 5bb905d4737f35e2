/** RFC 1035 §4: the part of a message that a server of a few names needs. */
export const TYPE = { A: 1, PTR: 12, AAAA: 28 } as const;
export const RCODE = { NOERROR: 0, SERVFAIL: 2 } as const;
/** Of a message's length before it, on a stream (§4.2.2). */
export const LENGTH_BYTES = 2;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
const FLAG = { RESPONSE: 0x8000, TRUNCATED: 0x0200, RECURSION_WANTED: 0x0100, RECURSION_THERE: 0x0080 } as const;
/** Containers come and go: their addresses are not to be remembered. */
const TTL_SECONDS = 0;
/** RFC 1035 §4.1.4: what follows is where the question's name is. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_BYTES;

export interface Question {
  readonly id: number;
  /** Lower case, without the dot at its end. */
  readonly name: string;
  readonly type: number;
  /** Where the question ends in its message. */
  readonly end: number;
}

export interface Answer {
  readonly type: number;
  readonly content: Uint8Array;
}

/** The one question of a query; undefined for whatever else it may be. */
export function parseQuery(message: Buffer): Question | undefined {
  if (message.length < HEADER_BYTES + 5) return undefined;
  const flags = message.readUInt16BE(2);
  const opcode = (flags >> 11) & 15;
  if (flags & FLAG.RESPONSE || opcode !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length || message.readUInt16BE(at + 2) !== CLASS_IN) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    end: at + 4,
  };
}

/** The answer to a query, with records of the name that was asked for. */
export function makeResponse(query: Buffer, question: Question, rcode: number, answers: readonly Answer[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(question.id, 0);
  const wanted = query.readUInt16BE(2) & FLAG.RECURSION_WANTED;
  header.writeUInt16BE(FLAG.RESPONSE | wanted | FLAG.RECURSION_THERE | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const records = answers.map(({ type, content }) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(POINTER_TO_QUESTION, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(CLASS_IN, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(content.length, 10);
    return Buffer.concat([record, content]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, question.end), ...records]);
}

/** RFC 1035 §4.2.2: a message on a stream goes behind its length. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** RFC 1035 §3.1: a name in its labels. */
export function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1').subarray(0, 63);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  return Buffer.concat([...labels, Buffer.of(0)]);
}

/** `4.3.2.1.in-addr.arpa` as `1.2.3.4`. RFC 1035 §3.5. */
export function addressAskedFor(name: string): string | undefined {
  const [, reversed] = /^(\d+\.\d+\.\d+\.\d+)\.in-addr\.arpa$/.exec(name) ?? [];
  return reversed?.split('.').reverse().join('.');
}
