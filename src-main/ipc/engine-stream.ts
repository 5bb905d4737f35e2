import { asFailure } from '../base/failure.ts';
import type { EngineClient } from '../docker-api/client/engine-client.ts';
import type { ServedStream, StreamSink } from './contract-server.ts';

export type OpenEngine = () => Promise<EngineClient>;

/** Serves a stream by work that runs until it is done or the window closes it. */
export function serveUntilClosed<T>(
  open: OpenEngine,
  sink: StreamSink<T>,
  work: (engine: EngineClient, closed: AbortSignal) => Promise<void>,
): ServedStream<never> {
  const controller = new AbortController();
  open()
    .then((engine) => work(engine, controller.signal))
    .then(
      () => sink.end(),
      (error) => (controller.signal.aborted ? sink.end() : sink.end(asFailure(error))),
    );
  return { dispose: () => controller.abort() };
}

/** Calls `look` at once and again after every event of these kinds, never twice at a time. */
export async function lookAfterEvents(
  engine: EngineClient,
  closed: AbortSignal,
  types: readonly string[],
  look: () => Promise<void>,
): Promise<void> {
  const query = { filters: JSON.stringify({ type: types }) };
  const events = await engine.stream('GET', '/events', { query, signal: closed });
  let due = true;
  let looking = false;
  const again = async (): Promise<void> => {
    looking = true;
    try {
      while (due && !closed.aborted) {
        due = false;
        await look();
      }
    } finally {
      looking = false;
    }
  };
  await again();
  for await (const _event of events) {
    due = true;
    if (!looking) void again().catch(() => undefined);
  }
}
