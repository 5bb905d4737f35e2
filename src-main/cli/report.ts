import { asFailure, type FailureClass, InvariantError } from '../base/failure.ts';
import type { CliIo } from './cli-io.ts';
import { paint } from './text.ts';

/** Exit statuses, the one place a failure's class becomes one. */
export const EXIT: Record<FailureClass, number> = { failed: 1, usage: 2, 'not-found': 3, state: 4, host: 5 };

/** Tells the user about an error, as `error: <what>: <why>` and a hint where there is one; the exit status. */
export function reportError(io: CliIo, error: unknown): number {
  if (isBrokenPipe(error)) return 0;
  const ours = error instanceof InvariantError || error instanceof TypeError || error instanceof RangeError;
  const failure = asFailure(error);
  const message = oneLine(ours ? `bulkhead: a defect of its own: ${failure.message}` : failure.message);
  io.stderr.write(`${paint(io, io.stderr, 'red', 'error:')} ${message}\n`);
  if (failure.hint !== undefined)
    io.stderr.write(`${paint(io, io.stderr, 'cyan', 'hint:')} ${oneLine(failure.hint)}\n`);
  if (io.env.BULKHEAD_DEBUG && error instanceof Error) io.stderr.write(`${error.stack}\n`);
  return EXIT[failure.failureClass];
}

/** Whoever read our output has had enough: `bulkhead vm list | head -1`. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}
