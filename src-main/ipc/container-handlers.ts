import { basename } from 'node:path';
import type { Duplex } from 'node:stream';
import { asFailure, Failure } from '../base/failure.ts';
import type {
  ContainerDraft,
  ContainerFolder,
  ContainerListItem,
  ContainerSummary,
  TerminalItem,
  TerminalMessage,
} from '../contract/container.ts';
import { splitTag } from '../docker-api/client/api-paths.ts';
import { copyIn, copyOut } from '../docker-api/client/copy-files.ts';
import type { EngineClient } from '../docker-api/client/engine-client.ts';
import { prune } from '../docker-api/client/prune.ts';
import { Unframer } from '../docker-api/streams/stdcopy.ts';
import { ConsoleFlow } from './console-flow.ts';
import {
  createBodyOf,
  draftOf,
  type EngineContainer,
  type EngineStats,
  type EngineSummary,
  sampleOf,
  summaryOf,
} from './container-shapes.ts';
import type { CallHandlers, ServedStream, StreamHandlers, StreamSink } from './contract-server.ts';
import { lookAfterEvents, type OpenEngine, serveUntilClosed } from './engine-stream.ts';
import type { Desktop } from './services.ts';

type ContainerCalls = { [N in keyof CallHandlers as N extends `container.${string}` ? N : never]: CallHandlers[N] };
type ContainerStreams = {
  [N in keyof StreamHandlers as N extends `container.${string}` ? N : never]: StreamHandlers[N];
};

export function containerCalls(
  open: OpenEngine,
  desktop: Pick<Desktop, 'openPage' | 'pickFile' | 'saveFile'>,
): ContainerCalls {
  const act =
    (verb: string) =>
    async ({ id }: { id: string }): Promise<undefined> => {
      const engine = await open();
      await engine.json('POST', `/containers/${id}/${verb}`);
    };
  return {
    'container.get': async ({ id }) => {
      const engine = await open();
      const inspect = await engine.json<EngineContainer>('GET', `/containers/${id}/json`);
      return { inspect: JSON.stringify(inspect, null, 2), draft: draftOf(inspect) };
    },
    'container.run': async (draft) => run(await open(), draft),
    'container.recreate': async ({ id, draft }) => {
      const engine = await open();
      // The new one is made before the old one goes: a mistake in the draft costs nothing.
      const { id: made } = await create(engine, { ...draft, name: '' });
      await engine.json('DELETE', `/containers/${id}`, { query: { force: true } });
      if (draft.name !== '') await engine.json('POST', `/containers/${made}/rename`, { query: { name: draft.name } });
      await engine.json('POST', `/containers/${made}/start`);
      return { id: made };
    },
    'container.start': act('start'),
    'container.stop': act('stop'),
    'container.restart': act('restart'),
    'container.kill': act('kill'),
    'container.pause': act('pause'),
    'container.unpause': act('unpause'),
    'container.remove': async ({ id }) => {
      const engine = await open();
      await engine.json('DELETE', `/containers/${id}`, { query: { force: true } });
    },
    'container.prune': async () => prune(await open(), 'containers'),
    'container.commit': async ({ id, name }) => {
      await (await open()).json('POST', '/commit', { query: { container: id, pause: true, ...splitTag(name) } });
      return undefined;
    },
    'container.files': async ({ id, path }) => {
      const engine = await open();
      return engine.json<ContainerFolder>('GET', `/bulkhead/containers/${id}/files`, { query: { path } });
    },
    'container.saveFile': async ({ id, path }) => {
      const name = basename(path);
      const target = await desktop.saveFile(`Save ${name}`, name);
      if (target !== null) await copyOut(await open(), id, path, target);
      return target;
    },
    'container.addFile': async ({ id, path }) => {
      const source = await desktop.pickFile(`Choose a file for ${path}`);
      if (source === null) return null;
      await copyIn(await open(), source, id, `${path}/`);
      return basename(source);
    },
    'container.openPort': async ({ id, tcpPort }) => {
      const engine = await open();
      const query = { filters: JSON.stringify({ id: [id] }) };
      const [container] = await engine.json<EngineSummary[]>('GET', '/containers/json', { query });
      const published = container !== undefined && summaryOf(container).ports.some((port) => port.tcpPort === tcpPort);
      if (!published)
        throw new Failure('usage', 'port-not-published', `port ${tcpPort}: the container does not publish it`);
      await desktop.openPage(new URL(`http://localhost:${tcpPort}/`));
    },
  };
}

export function containerStreams(open: OpenEngine): ContainerStreams {
  return {
    'container.list': (_nothing, sink) =>
      serveUntilClosed(open, sink, (engine, closed) => followList(engine, closed, sink)),
    'container.logs': ({ id }, sink) =>
      serveUntilClosed(open, sink, async (engine, signal) => {
        const { Config } = await engine.json<EngineContainer>('GET', `/containers/${id}/json`);
        const query = { stdout: true, stderr: true, follow: true, tail: 2000 };
        const frames = new Unframer();
        const decoder = new TextDecoder();
        for await (const chunk of await engine.stream('GET', `/containers/${id}/logs`, { query, signal })) {
          const parts = Config.Tty ? [chunk as Buffer] : frames.push(chunk as Buffer).map(({ bytes }) => bytes);
          const text = parts.map((bytes) => decoder.decode(bytes, { stream: true })).join('');
          if (text !== '') sink.emit({ text });
        }
      }),
    'container.terminal': ({ id }, sink) => new ContainerTerminal(open, id, sink),
    'container.stats': ({ id }, sink) =>
      serveUntilClosed(open, sink, async (engine, signal) => {
        for await (const stats of engine.lines<EngineStats>('GET', `/containers/${id}/stats`, { signal })) {
          const sample = sampleOf(stats);
          if (sample !== undefined) sink.emit(sample);
        }
      }),
  };
}

async function create(engine: EngineClient, draft: ContainerDraft): Promise<{ id: string }> {
  const query = { name: draft.name || undefined };
  const { Id } = await engine.json<{ Id: string }>('POST', '/containers/create', { query, body: createBodyOf(draft) });
  return { id: Id };
}

async function run(engine: EngineClient, draft: ContainerDraft): Promise<{ id: string }> {
  const made = await create(engine, draft);
  try {
    await engine.json('POST', `/containers/${made.id}/start`);
  } catch (error) {
    await engine.json('DELETE', `/containers/${made.id}`, { query: { force: true } });
    throw error;
  }
  return made;
}

/** A snapshot, then what is different after each event. */
async function followList(
  engine: EngineClient,
  closed: AbortSignal,
  sink: StreamSink<ContainerListItem>,
): Promise<void> {
  let before: Map<string, ContainerSummary> | undefined;
  await lookAfterEvents(engine, closed, ['container'], async () => {
    const list = await engine.json<EngineSummary[]>('GET', '/containers/json', { query: { all: true } });
    const now = new Map(list.map(summaryOf).map((container) => [container.id, container]));
    if (before === undefined) sink.emit({ kind: 'snapshot', containers: [...now.values()] });
    else {
      for (const id of before.keys()) if (!now.has(id)) sink.emit({ kind: 'removed', id });
      for (const [id, container] of now) {
        if (JSON.stringify(before.get(id)) !== JSON.stringify(container)) sink.emit({ kind: 'changed', container });
      }
    }
    before = now;
  });
}

/** A shell of its own in a running container. */
class ContainerTerminal implements ServedStream<TerminalMessage> {
  private peer: Duplex | undefined;
  private flow: ConsoleFlow | undefined;
  private execId: string | undefined;
  private engine: EngineClient | undefined;
  private size = { columns: 80, rows: 24 };
  private disposed = false;

  constructor(
    open: OpenEngine,
    private readonly id: string,
    private readonly sink: StreamSink<TerminalItem>,
  ) {
    open()
      .then((engine) => this.join(engine))
      .catch((error) => sink.end(asFailure(error)));
  }

  message(message: TerminalMessage): void {
    if (message.kind === 'input') this.peer?.write(message.bytes);
    else if (message.kind === 'drawn') this.flow?.drawn(message.bytes);
    else {
      this.size = message;
      this.resize();
    }
  }

  dispose(): void {
    this.disposed = true;
    // A shell ends when nobody can type any more; one that does not is asked by the hang-up of its terminal.
    this.peer?.end('\x04');
    this.peer?.destroy();
  }

  private async join(engine: EngineClient): Promise<void> {
    const body = {
      Cmd: ['/bin/sh', '-c', 'exec "$(command -v bash || echo /bin/sh)"'],
      Tty: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Env: ['TERM=xterm-256color'],
    };
    const { Id } = await engine.json<{ Id: string }>('POST', `/containers/${this.id}/exec`, { body });
    const peer = await engine.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: true } });
    if (this.disposed) {
      peer.destroy();
      return;
    }
    this.engine = engine;
    this.execId = Id;
    this.peer = peer;
    const flow = new ConsoleFlow({
      deliver: (bytes) => this.sink.emit({ kind: 'bytes', bytes }),
      pause: () => peer.pause(),
      resume: () => peer.resume(),
    });
    this.flow = flow;
    peer.on('data', (chunk: Uint8Array) => flow.arrived(chunk));
    peer.on('error', () => peer.destroy());
    peer.on('end', () => peer.end());
    peer.on('close', () => {
      flow.flush();
      this.sink.end();
    });
    this.resize();
  }

  private resize(): void {
    if (this.execId === undefined) return;
    const query = { h: this.size.rows, w: this.size.columns };
    this.engine?.json('POST', `/exec/${this.execId}/resize`, { query }).catch(() => undefined);
  }
}
