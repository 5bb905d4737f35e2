import { createInterface } from 'node:readline/promises';
import { Failure } from '../base/failure.ts';
import { answerTo } from './answer.ts';
import type { CliIo } from './cli-io.ts';

/**
 * Asks before something is gone for good; throws unless the answer is yes.
 *
 * @param undone what is not done then, as `machine "a": not deleted`
 */
export async function confirm(io: CliIo, question: string, undone: string): Promise<void> {
  if (!io.stdin.isTTY) {
    throw new Failure('usage', 'not-confirmed', `${undone}: nobody to ask`, {
      hint: 'add --yes to do it without asking',
    });
  }
  const questions = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await answerTo(questions, `${question} [y/N] `);
    if (/^y(es)?$/i.test(answer?.trim() ?? '')) return;
  } finally {
    questions.close();
  }
  throw new Failure('failed', 'not-confirmed', `${undone}: not confirmed`);
}
