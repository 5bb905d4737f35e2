import { useEffect, useState } from 'react';
import type { StreamInput, StreamItem, StreamName } from '../../src-main/contract/contract.ts';
import type { FailureRecord } from '../../src-main/contract/failure.ts';
import { stream } from './bridge.ts';

export interface Streamed<S> {
  /** undefined before the first item. */
  readonly value: S | undefined;
  readonly failure: FailureRecord | undefined;
}

/** Everything a stream said so far, folded into one value, while somebody looks. */
export function useStream<N extends StreamName, S>(
  name: N,
  input: StreamInput<N>,
  fold: (before: S | undefined, item: StreamItem<N>) => S,
): Streamed<S> {
  const [state, setState] = useState<Streamed<S>>({ value: undefined, failure: undefined });
  const key = JSON.stringify(input);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the input counts by its content, and the fold is the caller's constant
  useEffect(() => {
    setState({ value: undefined, failure: undefined });
    const open = stream(name, input, {
      onItem: (item) => setState(({ value }) => ({ value: fold(value, item), failure: undefined })),
      onEnd: (failure) => setState(({ value }) => ({ value, failure })),
    });
    return () => open.close();
  }, [name, key]);
  return state;
}

/** The newest item of a stream of which each takes the place of the one before. */
export function useNewest<N extends StreamName>(name: N, input: StreamInput<N>): Streamed<StreamItem<N>> {
  return useStream(name, input, (_before: StreamItem<N> | undefined, item) => item);
}
