import { addAbortSignal, type Readable } from 'node:stream';

/** A stream's chunks, until the signal ends them with its own reason. */
export async function* abortable(source: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  signal?.throwIfAborted();
  const stream = signal ? addAbortSignal(signal, source) : source;
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
