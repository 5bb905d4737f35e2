import type { z } from 'zod';

/** One request, one answer. */
export interface Call<I extends z.ZodType, O extends z.ZodType> {
  readonly verb: 'call';
  readonly input: I;
  readonly output: O;
}

/** One request, any number of items until either side closes; `message` is what the asking side may send meanwhile. */
export interface Stream<I extends z.ZodType, T extends z.ZodType, M extends z.ZodType> {
  readonly verb: 'stream';
  readonly input: I;
  readonly item: T;
  readonly message: M;
}

export function call<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Call<I, O> {
  return { verb: 'call', input, output };
}

export function stream<I extends z.ZodType, T extends z.ZodType, M extends z.ZodType>(
  input: I,
  item: T,
  message: M,
): Stream<I, T, M> {
  return { verb: 'stream', input, item, message };
}
