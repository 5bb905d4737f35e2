import type { Interface } from 'node:readline/promises';

/** What is answered to a question; undefined when nothing is and nothing will be: ^C, ^D, the end of the input. */
export function answerTo(questions: Interface, question: string): Promise<string | undefined> {
  const closed = new Promise<undefined>((resolve) => questions.once('close', () => resolve(undefined)));
  return Promise.race([questions.question(question), closed]);
}
