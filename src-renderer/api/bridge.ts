import type { OpenStream } from '../../src-main/contract/bridge.ts';
import type {
  CallInput,
  CallName,
  CallOutput,
  StreamInput,
  StreamItem,
  StreamMessage,
  StreamName,
} from '../../src-main/contract/contract.ts';
import type { FailureRecord } from '../../src-main/contract/failure.ts';

/** A request that was refused or went wrong, with its reason for a person. */
export class RequestFailure extends Error {
  constructor(readonly record: FailureRecord) {
    super(record.message);
    this.name = 'RequestFailure';
  }
}

type InputArguments<I> = I extends undefined ? [] : [input: I];

/** Asks the main process for one answer; throws `RequestFailure`. */
export async function call<N extends CallName>(
  name: N,
  ...input: InputArguments<CallInput<N>>
): Promise<CallOutput<N>> {
  const outcome = await window.bulkhead.call(name, input[0]);
  if (!outcome.ok) throw new RequestFailure(outcome.failure);
  return outcome.value as CallOutput<N>;
}

export interface StreamEnds<T> {
  onItem(item: T): void;
  onEnd?(failure: FailureRecord | undefined): void;
}

export interface TypedStream<M> extends Omit<OpenStream, 'send'> {
  send(message: M): void;
}

/** Opens a stream of items; whoever opened it closes it. */
export function stream<N extends StreamName>(
  name: N,
  input: StreamInput<N>,
  ends: StreamEnds<StreamItem<N>>,
): TypedStream<StreamMessage<N>> {
  return window.bulkhead.stream(name, input, (frame) => {
    if (frame.kind === 'item') ends.onItem(frame.value as StreamItem<N>);
    else ends.onEnd?.(frame.failure);
  });
}

/** Any thrown thing as a record that can be shown. */
export function failureOf(error: unknown): FailureRecord {
  if (error instanceof RequestFailure) return error.record;
  const message = error instanceof Error ? error.message : String(error);
  return { failureClass: 'failed', code: 'unexpected', message };
}
