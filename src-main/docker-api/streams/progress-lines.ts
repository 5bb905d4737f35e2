import type { Writable } from 'node:stream';
import type { Progress } from '../../containers/images/image-store.ts';
import { errorAnswer } from '../server/failure-status.ts';
import type { Answer } from '../server/route.ts';
import { JsonLines } from './json-lines.ts';

/** Docker API 1.47 ImageCreate: progress as lines of JSON; a failure after the first line is a line too. */
export function progressAnswer(gone: AbortSignal, work: (lines: ProgressLines) => Promise<void>): Answer {
  return {
    kind: 'stream',
    contentType: 'application/json',
    write: async (out) => {
      const lines = new ProgressLines(out, gone);
      try {
        await work(lines);
      } catch (error) {
        if (gone.aborted) return;
        if (!lines.begun) throw error;
        lines.fail(error);
      }
    },
  };
}

export class ProgressLines {
  begun = false;
  private readonly lines: JsonLines;

  constructor(out: Writable, gone: AbortSignal) {
    this.lines = new JsonLines(out, gone);
  }

  readonly step = ({ status, id, current, total }: Progress): void => {
    const detail = current === undefined ? {} : { current, ...(total === undefined ? {} : { total }) };
    this.send({ status, progressDetail: detail, ...(id === undefined ? {} : { id }) });
  };

  send(line: object): void {
    this.begun = true;
    this.lines.send(line);
  }

  fail(error: unknown): void {
    const { message } = errorAnswer(error);
    this.send({ errorDetail: { message }, error: message });
  }
}
