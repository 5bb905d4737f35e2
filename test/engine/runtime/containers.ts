import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach } from 'vitest';
import { LinuxRuntime } from '../../../src-main/containers/runtime/linux-runtime.ts';
import type { Exit, IoRequest, ProcessIo } from '../../../src-main/containers/runtime/runtime.ts';
import type { SpecInput } from '../../../src-main/containers/runtime/spec/config.ts';
import { Bundle, type Draft, dockerLikeSpec } from './bundle.ts';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit;
}

/** Containers over one bundle and one state folder, all gone after each test. */
export class TestContainers {
  readonly bundle = new Bundle();
  readonly root = mkdtempSync(join(tmpdir(), 'bulkhead-state-'));
  runtime = new LinuxRuntime(this.root);
  private last = 0;

  constructor() {
    afterEach(async () => {
      for (const { id } of await this.runtime.list()) await this.runtime.delete(id, { force: true });
    });
    afterAll(async () => {
      await this.runtime.dispose();
      this.bundle.dispose();
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  nextId(): string {
    return `test-${process.pid}-${++this.last}`;
  }

  async create(spec: SpecInput, io: IoRequest = { kind: 'pipes', stdin: true }, id = this.nextId()) {
    const created = await this.runtime.create({ id, bundle: this.bundle.path, spec, io });
    return { ...created, said: hear(created.io) };
  }

  /** Creates, starts, waits and deletes; what was said and how it ended. */
  async run(args: readonly string[], change?: (spec: Draft) => void): Promise<Outcome> {
    return this.runSpec(dockerLikeSpec(args, change));
  }

  async runSpec(spec: SpecInput): Promise<Outcome> {
    const { id, said } = await this.create(spec, { kind: 'pipes', stdin: false });
    await this.runtime.start(id);
    const exit = await this.runtime.wait(id);
    const outcome = { ...(await said), exit };
    await this.runtime.delete(id);
    return outcome;
  }

  /** What one line of shell prints in a container. */
  async shell(script: string, change?: (spec: Draft) => void): Promise<string> {
    const { stdout, stderr, exit } = await this.run(['/bin/sh', '-c', script], change);
    if (exit.code !== 0) throw new Error(`${script}: ${exit.code}: ${stdout}${stderr}`);
    return stdout.trim();
  }
}

export async function hear(io: ProcessIo): Promise<{ stdout: string; stderr: string }> {
  if (io.kind === 'null') return { stdout: '', stderr: '' };
  if (io.kind === 'terminal') return { stdout: await text(io.output), stderr: '' };
  const [stdout, stderr] = await Promise.all([text(io.stdout), text(io.stderr)]);
  return { stdout, stderr };
}

function text(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}
