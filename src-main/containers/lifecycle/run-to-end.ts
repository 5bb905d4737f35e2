import type { Readable } from 'node:stream';
import type { Container } from './container.ts';
import type { EngineShared } from './engine-shared.ts';
import { execProcess } from './exec-process.ts';

export interface ExecOutcome {
  readonly exitCode: number;
  readonly output: string;
}

const SIGKILL = 9;
const OUTPUT_MAX = 64 * 1024;

/** Runs a command in a container to its end, or to the end of our patience. */
export async function runToEnd(
  container: Container,
  shared: EngineShared,
  args: readonly string[],
  timeoutMs: number,
): Promise<ExecOutcome> {
  const process = execProcess(container, shared, {
    args,
    tty: false,
    env: [],
    user: '',
    workingDir: '',
    privileged: false,
  });
  const exec = await shared.runtime.exec(container.id, process, { kind: 'pipes', stdin: false });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    exec.kill(SIGKILL);
  }, timeoutMs);
  try {
    const { io } = exec;
    const texts = io.kind === 'pipes' ? [heard(io.stdout), heard(io.stderr)] : [];
    const { code } = await exec.wait();
    const output = (await Promise.all(texts)).join('');
    return late
      ? { exitCode: -1, output: `Health check exceeded timeout (${timeoutMs / 1000}s)` }
      : { exitCode: code, output };
  } finally {
    clearTimeout(timer);
  }
}

async function heard(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < OUTPUT_MAX) text += chunk;
  return text;
}
