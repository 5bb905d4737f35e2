import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src-main/base/failure.ts';
import type { StreamFrame } from '../../../src-main/contract/bridge.ts';
import {
  type CallHandlers,
  ContractServer,
  type StreamHandlers,
  type StreamSink,
} from '../../../src-main/ipc/contract-server.ts';

const id = '01234567-89ab-4cde-8f01-23456789abcd';

/** A window that notes what reaches it, and a server whose handlers are given. */
function connected(calls: Partial<CallHandlers>, streams: Partial<StreamHandlers> = {}) {
  const frames: [number, StreamFrame][] = [];
  const window = { frame: (streamId: number, frame: StreamFrame) => void frames.push([streamId, frame]) };
  return { frames, window, server: new ContractServer(calls as CallHandlers, streams as StreamHandlers) };
}

describe('calls', () => {
  test('a call of the contract is answered', async () => {
    const { server } = connected({ 'clipboard.read': () => 'text' });
    expect(await server.call('clipboard.read', undefined)).toEqual({ ok: true, value: 'text' });
  });

  test('a name that is not in the contract is refused, also one every object has', async () => {
    const { server } = connected({});
    for (const name of ['no.such', 'toString', '__proto__', 'constructor', 7, null, undefined, {}]) {
      expect(await server.call(name, undefined)).toMatchObject({ ok: false, failure: { code: 'unknown-request' } });
    }
  });

  test('a stream is not a call', async () => {
    const { server } = connected({});
    expect(await server.call('machine.list', undefined)).toMatchObject({ ok: false });
  });

  test('input of another shape never reaches the handler, and the field is named', async () => {
    const { server } = connected({
      'machine.start': () => {
        throw new Error('reached');
      },
    });
    for (const input of [undefined, {}, { id: '../x' }, { id, and: 1 }, { id: 7 }, [], 'x']) {
      expect(await server.call('machine.start', input)).toMatchObject({ ok: false, failure: { code: 'bad-input' } });
    }
    const outcome = await server.call('machine.update', { id, patch: { memoryMiB: 1 } });
    expect(outcome).toMatchObject({ ok: false, failure: { facts: { field: 'patch.memoryMiB' } } });
  });

  test('a failure crosses with its class, code, message and hint', async () => {
    const { server } = connected({
      'machine.pause': () => {
        throw new Failure('state', 'cannot-pause', 'machine "t": cannot pause: it is stopped', { hint: 'start it' });
      },
    });
    expect(await server.call('machine.pause', { id })).toEqual({
      ok: false,
      failure: {
        failureClass: 'state',
        code: 'cannot-pause',
        message: 'machine "t": cannot pause: it is stopped',
        hint: 'start it',
        facts: {},
      },
    });
  });
});

describe('streams', () => {
  function consoleStream() {
    let sink: StreamSink<unknown> | undefined;
    const seen: unknown[] = [];
    const all = connected(
      {},
      {
        'machine.console': (_input, given) => {
          sink = given as StreamSink<unknown>;
          return { message: (message) => seen.push(message), dispose: () => seen.push('disposed') };
        },
      },
    );
    all.server.open(all.window, 1, 'machine.console', { id });
    return { ...all, seen, emit: (item: unknown) => sink?.emit(item), end: (why?: Failure) => sink?.end(why) };
  }

  test('items reach the window under the stream’s number, until it closes it', () => {
    const { server, window, frames, seen, emit } = consoleStream();
    emit({ kind: 'attached' });
    server.close(window, 1);
    emit({ kind: 'detached' });
    expect(frames).toEqual([[1, { kind: 'item', value: { kind: 'attached' } }]]);
    expect(seen).toEqual(['disposed']);
  });

  test('a message of the contract’s shape is passed on; any other ends the stream', () => {
    const { server, window, frames, seen } = consoleStream();
    server.message(window, 1, { kind: 'drawn', bytes: 5 });
    server.message(window, 1, { kind: 'drawn', bytes: -1 });
    expect(seen).toEqual([{ kind: 'drawn', bytes: 5 }, 'disposed']);
    expect(frames.at(-1)).toMatchObject([1, { kind: 'end', failure: { code: 'bad-message' } }]);
  });

  test('the end says why, once', () => {
    const { frames, end } = consoleStream();
    end(new Failure('failed', 'gone', 'it is gone'));
    end();
    expect(frames).toHaveLength(1);
  });

  test('when the window leaves, its streams are disposed', () => {
    const { server, window, seen } = consoleStream();
    server.leave(window);
    server.message(window, 1, { kind: 'drawn', bytes: 1 });
    expect(seen).toEqual(['disposed']);
  });

  test('one window cannot speak into another’s stream', () => {
    const { server, seen } = consoleStream();
    const other = { frame: () => undefined };
    server.message(other, 1, { kind: 'drawn', bytes: 1 });
    server.close(other, 1);
    expect(seen).toEqual([]);
  });
});
