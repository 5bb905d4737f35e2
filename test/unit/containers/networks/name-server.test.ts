import { describe, expect, test } from 'vitest';
import {
  addressAskedFor,
  encodeName,
  makeResponse,
  parseQuery,
  RCODE,
  TYPE,
} from '../../../../src-main/containers/networks/names/dns-message.ts';
import { askUpstream } from '../../../../src-main/containers/networks/names/upstream.ts';

/** RFC 1035 §4.1: a query for one name. */
function query(name: string, type: number, { id = 0x1234, flags = 0x0100, questions = 1 } = {}): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(questions, 4);
  return Buffer.concat([header, encodeName(name), Buffer.of(0, type, 0, 1)]);
}

describe('messages of the name server', () => {
  test('RFC 1035 §4.1.2: a question is read, its name in lower case', () => {
    expect(parseQuery(query('Web.Front', TYPE.A))).toMatchObject({ id: 0x1234, name: 'web.front', type: TYPE.A });
  });

  test('RFC 1035 §4.1.3: an answer says the question again, then its records', () => {
    const asked = query('web', TYPE.A);
    const answer = makeResponse(asked, parseQuery(asked)!, RCODE.NOERROR, [
      { type: TYPE.A, content: Buffer.of(10, 0, 0, 2) },
    ]);
    expect(answer.toString('hex')).toBe(
      ['1234', '8180', '0001', '0001', '0000', '0000', '03776562', '00', '0001', '0001'].join('') +
        ['c00c', '0001', '0001', '00000000', '0004', '0a000002'].join(''),
    );
  });

  test('what is no query of one question is not answered', () => {
    const good = query('web', TYPE.A);
    expect(parseQuery(query('web', TYPE.A, { flags: 0x8100 }))).toBeUndefined();
    expect(parseQuery(query('web', TYPE.A, { flags: 0x2900 }))).toBeUndefined();
    expect(parseQuery(query('web', TYPE.A, { questions: 2 }))).toBeUndefined();
    for (let length = 0; length < good.length; length++) expect(parseQuery(good.subarray(0, length))).toBeUndefined();
    const pointer = Buffer.from(good);
    pointer[12] = 0xc0;
    expect(parseQuery(pointer)).toBeUndefined();
  });

  test('RFC 1035 §3.5: an address is asked for backwards', () => {
    expect(addressAskedFor('4.3.2.1.in-addr.arpa')).toBe('1.2.3.4');
    expect(addressAskedFor('web')).toBeUndefined();
  });
});

describe('name servers of the host', () => {
  test('one that cannot be reached at all is a refusal, by either protocol', async () => {
    // connect(2): nobody may send there without asking for it first, so no route and no server is needed to fail.
    const unreachable = ['255.255.255.255'];
    const asked = query('web', TYPE.A);
    await expect(askUpstream(unreachable, asked, 'udp')).rejects.toThrow('EACCES');
    await expect(askUpstream(unreachable, asked, 'tcp')).rejects.toThrow(/ENETUNREACH|EACCES|EINVAL/);
  });
});
