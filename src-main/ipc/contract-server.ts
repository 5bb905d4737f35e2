import type { z } from 'zod';
import type { Disposable } from '../base/disposable.ts';
import { asFailure, Failure, InvariantError } from '../base/failure.ts';
import type { Outcome, StreamFrame } from '../contract/bridge.ts';
import {
  type CallInput,
  type CallName,
  type CallOutput,
  contract,
  type StreamInput,
  type StreamItem,
  type StreamMessage,
  type StreamName,
} from '../contract/contract.ts';

/** Where a stream's items go. Both do nothing once the stream is closed. */
export interface StreamSink<T> {
  emit(item: T): void;
  end(failure?: Failure): void;
}

/** What serves one open stream; disposed when either side closes it. */
export interface ServedStream<M> extends Disposable {
  message?(message: M): void;
}

export type CallHandlers = { [N in CallName]: (input: CallInput<N>) => CallOutput<N> | Promise<CallOutput<N>> };
export type StreamHandlers = {
  [N in StreamName]: (input: StreamInput<N>, sink: StreamSink<StreamItem<N>>) => ServedStream<StreamMessage<N>>;
};

/** The window at the other end of the connection, as far as streams need it. */
export interface Visitor {
  frame(streamId: number, frame: StreamFrame): void;
}

type LooseCall = (input: unknown) => unknown;
type LooseStream = (input: unknown, sink: StreamSink<unknown>) => ServedStream<unknown>;

/** Answers what the contract names, after its schemas let the input through; nothing else reaches a handler. */
export class ContractServer {
  private readonly streams = new Map<Visitor, Map<number, OpenedStream>>();

  constructor(
    private readonly calls: CallHandlers,
    private readonly streamHandlers: StreamHandlers,
  ) {}

  async call(name: unknown, input: unknown): Promise<Outcome> {
    try {
      const declared = declaredAs(name, 'call');
      const handler = this.calls[declared.name as CallName] as LooseCall;
      return { ok: true, value: await handler(parsed(declared.name, declared.input, input)) };
    } catch (error) {
      return { ok: false, failure: toFailure(error).toJSON() };
    }
  }

  open(visitor: Visitor, streamId: unknown, name: unknown, input: unknown): void {
    if (!Number.isSafeInteger(streamId)) return;
    const id = streamId as number;
    const mine = this.streams.get(visitor) ?? new Map<number, OpenedStream>();
    this.streams.set(visitor, mine);
    if (mine.has(id)) return;
    const opened = new OpenedStream(visitor, id, () => mine.delete(id));
    mine.set(id, opened);
    try {
      const declared = declaredAs(name, 'stream');
      const handler = this.streamHandlers[declared.name as StreamName] as unknown as LooseStream;
      opened.serve(declared.message, handler(parsed(declared.name, declared.input, input), opened));
    } catch (error) {
      opened.end(toFailure(error));
    }
  }

  message(visitor: Visitor, streamId: unknown, message: unknown): void {
    this.streams
      .get(visitor)
      ?.get(streamId as number)
      ?.receive(message);
  }

  close(visitor: Visitor, streamId: unknown): void {
    this.streams
      .get(visitor)
      ?.get(streamId as number)
      ?.dispose();
  }

  /** The window is gone or shows another document: its streams end. */
  leave(visitor: Visitor): void {
    for (const opened of [...(this.streams.get(visitor)?.values() ?? [])]) opened.dispose();
    this.streams.delete(visitor);
  }
}

class OpenedStream implements StreamSink<unknown>, Disposable {
  private served: ServedStream<unknown> | undefined;
  private messages: z.ZodType | undefined;
  private closed = false;

  constructor(
    private readonly visitor: Visitor,
    private readonly id: number,
    private readonly forget: () => void,
  ) {}

  serve(messages: z.ZodType, served: ServedStream<unknown>): void {
    this.messages = messages;
    this.served = served;
    if (this.closed) served.dispose();
  }

  emit(item: unknown): void {
    if (!this.closed) this.visitor.frame(this.id, { kind: 'item', value: item });
  }

  end(failure?: Failure): void {
    if (this.closed) return;
    this.visitor.frame(this.id, failure === undefined ? { kind: 'end' } : { kind: 'end', failure: failure.toJSON() });
    this.dispose();
  }

  receive(message: unknown): void {
    const result = this.messages?.safeParse(message);
    if (result?.success) this.served?.message?.(result.data);
    else this.end(new Failure('usage', 'bad-message', 'stream: a message of an unknown shape'));
  }

  dispose(): void {
    if (this.closed) return;
    this.closed = true;
    this.forget();
    this.served?.dispose();
  }
}

interface Declared {
  name: string;
  input: z.ZodType;
  message: z.ZodType;
}

function declaredAs(name: unknown, verb: 'call' | 'stream'): Declared {
  const entry =
    typeof name === 'string' && Object.hasOwn(contract, name) ? contract[name as keyof typeof contract] : undefined;
  if (entry === undefined || entry.verb !== verb) {
    throw new Failure('usage', 'unknown-request', `${verb} ${JSON.stringify(name)}: not in the contract`);
  }
  return { name: name as string, input: entry.input, message: 'message' in entry ? entry.message : entry.input };
}

function parsed(name: string, schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new Failure('usage', 'bad-input', `${field || name}: ${issue?.message ?? 'not of the expected shape'}`, {
    facts: { field },
  });
}

/** The user's faults as they are; ours are logged here with their stack and told in one line. */
function toFailure(error: unknown): Failure {
  if (error instanceof InvariantError || error instanceof TypeError) console.error(error);
  return asFailure(error);
}
