import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { type QmpLines, type QmpMessage, VmHosts } from '../support/vm-hosts.ts';
import * as kernels from './micro/kernels.ts';

describe('QMP of a VM host (QEMU docs/interop/qmp-spec)', () => {
  const met = need('kvm');
  let hosts: VmHosts;
  let id: string;
  let qmp: QmpLines;

  beforeAll(async () => {
    if (!met) return;
    hosts = await VmHosts.open();
    id = await hosts.run(kernels.idle, { name: 'QMP test' });
    qmp = await hosts.negotiated(id);
  });
  afterAll(() => hosts?.close());

  const refusal = (answer: QmpMessage) => answer.error as { class: string; desc: string };

  it('§2.2: greets with its version and no capabilities', async () => {
    const { messages } = await greeted();
    expect(messages).toEqual([
      {
        QMP: {
          version: {
            qemu: { major: expect.any(Number), minor: expect.any(Number), micro: expect.any(Number) },
            package: expect.stringMatching(/^bulkhead-\d/),
          },
          capabilities: [],
        },
      },
    ]);
  });

  async function greeted(): Promise<{ client: QmpLines; messages: QmpMessage[] }> {
    const client = await hosts.qmp(id);
    return { client, messages: [await client.next()] };
  }

  it('§4: takes nothing but qmp_capabilities before negotiation, and that only once', async () => {
    const { client } = await greeted();
    expect(refusal(await client.execute('query-status')).class).toBe('CommandNotFound');
    expect(await client.execute('qmp_capabilities')).toEqual({ return: {} });
    expect(refusal(await client.execute('qmp_capabilities')).class).toBe('CommandNotFound');
    expect(await client.execute('query-status')).toMatchObject({ return: { running: true } });
  });

  it('§2.3: answers carry the command’s id, whatever JSON it is; without one there is none', async () => {
    for (const given of [7, 'x', null, { a: [1] }]) {
      expect(await qmp.execute('query-name', { id: given })).toEqual({ return: { name: 'QMP test' }, id: given });
      expect(await qmp.execute('nonsense', { id: given })).toMatchObject({ id: given });
    }
    expect(await qmp.execute('query-name')).toEqual({ return: { name: 'QMP test' } });
  });

  it('§2.4.2: tells an unknown command from one that is used wrongly', async () => {
    expect(refusal(await qmp.execute('make-coffee'))).toEqual({
      class: 'CommandNotFound',
      desc: 'The command make-coffee has not been found',
    });
    expect(refusal(await qmp.execute('toString')).class).toBe('CommandNotFound');
    expect(refusal(await qmp.execute('stop', { arguments: { now: true } }))).toEqual({
      class: 'GenericError',
      desc: "Parameter 'now' is unexpected",
    });
    expect(refusal(await qmp.execute('stop', { arguments: [] })).class).toBe('GenericError');
    for (const strange of ['[]', '[{"execute":"stop"}]', '{}', '{"execute":1}', '{"execute":"stop","x":1}']) {
      qmp.send(`${strange}\n`);
      expect(refusal(await qmp.answer()).class, strange).toBe('GenericError');
    }
  });

  it('answers every query', async () => {
    const ask = async (command: string) => (await qmp.execute(command)).return;
    expect(await ask('query-status')).toEqual({ running: true, singlestep: false, status: 'running' });
    expect(await ask('query-version')).toMatchObject({ qemu: { major: expect.any(Number) } });
    expect(await ask('query-uuid')).toEqual({ UUID: id });
    expect(await ask('query-kvm')).toEqual({ enabled: true, present: true });
    expect(await ask('query-cpus-fast')).toEqual([
      expect.objectContaining({ 'cpu-index': 0, 'thread-id': expect.any(Number), target: 'x86_64' }),
    ]);
    const pid = hosts.pid(id);
    expect(await ask('x-query-machine')).toMatchObject({
      state: 'running',
      accelerator: 'kvm',
      cpus: 1,
      memoryMiB: 16,
      pid,
    });
    expect(await ask('x-query-stats')).toMatchObject({ vcpus: [{ index: 0, state: 'running', portExits: 3 }] });
    // As QEMU answers while no driver has taken the balloon up.
    const noDriver = { error: { class: 'DeviceNotActive', desc: expect.any(String) } };
    expect(await qmp.execute('query-balloon')).toMatchObject(noDriver);
    const commands = (await ask('query-commands')) as { name: string }[];
    for (const { name } of commands.filter(({ name }) => /^(x-)?query-(?!balloon)/.test(name))) {
      expect(await qmp.execute(name)).toHaveProperty('return');
    }
    expect(commands.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['qmp_capabilities', 'stop', 'cont', 'system_reset', 'system_powerdown', 'quit']),
    );
  });

  it('§2.5: tells everyone who has negotiated of STOP, RESUME, RESET and POWERDOWN, with the time', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => hosts.negotiated(id)));
    const { client: silent, messages } = await greeted();
    for (const command of ['stop', 'cont', 'system_reset', 'system_powerdown', 'system_reset']) {
      expect(await qmp.execute(command)).toEqual({ return: {} });
    }
    const now = Date.now() / 1000;
    for (const client of clients) {
      for (const name of ['STOP', 'RESUME', 'RESET', 'POWERDOWN']) {
        const { timestamp } = (await client.event(name)) as { timestamp: { seconds: number; microseconds: number } };
        expect(Math.abs(timestamp.seconds - now)).toBeLessThan(60);
        expect(timestamp.microseconds).toBeLessThan(1_000_000);
      }
      client.socket.destroy();
    }
    expect(messages).toHaveLength(1);
    expect(silent.messages).toEqual([]);
  });

  it('tells of a guest that panics, and of the end', async () => {
    const other = hosts.create(kernels.panic);
    await hosts.fleet.start(other);
    const client = await hosts.negotiated(other);
    client.send('{"execute":"system_reset"}');
    // The guest may panic again before its reset is answered, or after.
    const isPanic = ({ event }: QmpMessage) => event === 'GUEST_PANICKED';
    const first = await client.next((message) => isPanic(message) || 'return' in message);
    const second = await client.next(
      (message) => isPanic(message) !== isPanic(first) && ('return' in message || isPanic(message)),
    );
    expect([first, second].find(isPanic)?.data).toEqual({ action: 'run' });
    client.send('{"execute":"query-status"}{"execute":"quit"}');
    expect(await client.answer()).toMatchObject({ return: { status: 'guest-panicked' } });
    expect((await client.event('SHUTDOWN')).data).toEqual({ guest: false, reason: 'host-qmp-quit' });
    expect(await client.end()).toEqual([{ return: {} }]);
  });

  it('takes several commands in one piece, and one command in many', async () => {
    qmp.send('{"execute":"query-name","id":1}{"execute":"query-uuid","id":2}\r\n  \n{"execute":');
    expect([(await qmp.answer()).id, (await qmp.answer()).id]).toEqual([1, 2]);
    for (const piece of ['"query-', 'name",\n', '"id": "}{" ', '}']) qmp.send(piece);
    expect((await qmp.answer()).id).toBe('}{');
  });

  it('survives garbage, and goes on behind the next newline', async () => {
    qmp.send('hello {"execute":"stop"}\n');
    expect(refusal(await qmp.answer()).desc).toBe('JSON parse error');
    qmp.send('{"execute":}');
    expect(refusal(await qmp.answer()).desc).toBe('JSON parse error');
    qmp.socket.write(Uint8Array.from({ length: 4096 }, (_, i) => (i * 7) & 0xff));
    qmp.send('\n');
    expect(await qmp.execute('query-status', { id: 'after' })).toBeDefined();
    await expect.poll(async () => (await qmp.execute('query-status')).return).toMatchObject({ running: true });
  });

  it('takes a line of 512 MB without growing, refuses it, serves others meanwhile, and goes on', async () => {
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hosts.pid(id)}/status`, 'utf8'))![1]);
    const { client: flooder } = await greeted();
    const piece = Buffer.alloc(4 << 20, 'a');
    const before = resident();
    let most = 0;
    let slowest = 0;
    flooder.send('{"execute":"');
    for (let sent = 0; sent < 512; sent += 4) {
      if (!flooder.socket.write(piece)) await new Promise((resolve) => flooder.socket.once('drain', resolve));
      const from = performance.now();
      await qmp.execute('query-status');
      slowest = Math.max(slowest, performance.now() - from);
      most = Math.max(most, resident());
    }
    expect(refusal(await flooder.answer()).desc).toBe('JSON message too long');
    flooder.send('"}\n');
    expect(await flooder.execute('qmp_capabilities')).toEqual({ return: {} });
    expect((most - before) / 1024).toBeLessThan(128);
    expect(slowest).toBeLessThan(1000 * SLOWNESS);
  });

  it('does not answer a client into memory that does not read: it is dropped, the others are served', async () => {
    const { client: deaf } = await greeted();
    deaf.socket.pause();
    const flood = '{"execute":"query-commands"}'.repeat(4096);
    deaf.send('{"execute":"qmp_capabilities"}');
    const dropped = new Promise((resolve) => deaf.socket.once('error', resolve).once('close', resolve));
    for (let i = 0; i < 20; i++) deaf.send(flood);
    expect(await qmp.execute('query-name')).toBeDefined();
    await dropped;
    expect(await qmp.execute('query-name')).toBeDefined();
  });
});
